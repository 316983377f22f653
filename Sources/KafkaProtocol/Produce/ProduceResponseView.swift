import Bytes

/// A Produce response that stays in its frame: the producer's side of `ProduceResponseWriter`.
///
/// It borrows the frame: it must not outlive the closure or tick in which the frame is valid.
public struct ProduceResponseView {
    public let version: Int16
    public let topics: WireSequence<Topic>
    public let throttleTimeMs: Int32
    /// Where the leaders named in partitions can be reached, from version 10 on.
    public let nodeEndpoints: [NodeEndpoint]
    /// Bytes behind the response that belong to nothing.
    public let trailingByteCount: Int

    /// Reads all of the response once.
    ///
    /// - Parameter body: the frame behind the response header.
    public init(_ body: UnsafeRawBufferPointer, version: Int16) throws(DecodeError) {
        guard ProduceRequestView.versions.contains(version) else { throw .unsupportedVersion }
        let compact = version >= 9
        var cursor = ByteCursor(body)
        self.version = version
        topics = try WireSequence(from: &cursor, version: version, compact: compact)
        throttleTimeMs = try cursor.int32()
        if version >= 10 {
            nodeEndpoints = try cursor.taggedNodeEndpoints(version: version)
        } else {
            if compact { try cursor.skipTaggedFields() }
            nodeEndpoints = []
        }
        trailingByteCount = cursor.remaining
    }

    public struct Topic: WireElement {
        /// UTF-8; empty from version 13 on.
        public let name: UnsafeRawBufferPointer
        /// Zero before version 13.
        public let topicId: UUID
        public let partitions: WireSequence<ProduceResponsePartition>

        public init(from cursor: inout ByteCursor, version: Int16) throws(DecodeError) {
            let compact = version >= 9
            (name, topicId) = try cursor.topic(version: version, compact: compact)
            partitions = try WireSequence(from: &cursor, version: version, compact: compact)
            if compact { try cursor.skipTaggedFields() }
        }

        public static func minimumSize(version: Int16) -> Int { version >= 13 ? 18 : version >= 9 ? 3 : 6 }
    }
}

extension ProduceResponsePartition: WireElement {
    public init(from cursor: inout ByteCursor, version: Int16) throws(DecodeError) {
        let compact = version >= 9
        self.init(index: try cursor.int32())
        errorCode = ErrorCode(rawValue: try cursor.int16())
        baseOffset = try cursor.int64()
        logAppendTimeMs = try cursor.int64()
        if version >= 5 { logStartOffset = try cursor.int64() }
        if version >= 8 {
            recordErrors = try cursor.array(compact: compact, version: version)
            errorMessage = try cursor.nullableString(compact: compact)
        }
        guard compact else { return }
        try cursor.taggedFields { (tag, field) throws(DecodeError) in
            guard tag == 0, version >= 10 else { return false }
            currentLeader = try LeaderIdAndEpoch(from: &field)
            return true
        }
    }

    public static func minimumSize(version: Int16) -> Int {
        version >= 9 ? 33 : version >= 8 ? 36 : version >= 5 ? 30 : 22
    }
}

extension ProduceResponsePartition.RecordError: KafkaStructure {
    package init(from cursor: inout ByteCursor, version: Int16) throws(DecodeError) {
        let compact = version >= 9
        batchIndex = try cursor.int32()
        message = try cursor.nullableString(compact: compact)
        if compact { try cursor.skipTaggedFields() }
    }

    package func encode(into writer: inout ByteWriter, version: Int16) throws(EncodeError) {
        let compact = version >= 9
        writer.write(batchIndex)
        try writer.write(message, compact: compact)
        if compact { writer.writeUnsignedVarint(0) }
    }

    package static func minimumSize(version: Int16) -> Int { 6 }
}
