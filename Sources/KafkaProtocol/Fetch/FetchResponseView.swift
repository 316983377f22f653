import Bytes

/// A Fetch response that stays in its frame: the side of the consumer or follower of `FetchResponseWriter`.
///
/// It borrows the frame: it must not outlive the closure or tick in which the frame is valid.
public struct FetchResponseView {
    public let version: Int16
    public let throttleTimeMs: Int32
    /// From version 7 on.
    public let errorCode: ErrorCode
    /// From version 7 on; 0 without a session.
    public let sessionId: Int32
    public let topics: WireSequence<Topic>
    /// Where the leaders named in partitions can be reached, from version 16 on.
    public let nodeEndpoints: [NodeEndpoint]
    /// Bytes behind the response that belong to nothing.
    public let trailingByteCount: Int

    /// Reads all of the response once.
    ///
    /// - Parameter body: the frame behind the response header.
    public init(_ body: UnsafeRawBufferPointer, version: Int16) throws(DecodeError) {
        guard FetchRequestView.versions.contains(version) else { throw .unsupportedVersion }
        let compact = version >= 12
        var cursor = ByteCursor(body)
        self.version = version
        throttleTimeMs = try cursor.int32()
        errorCode = version >= 7 ? ErrorCode(rawValue: try cursor.int16()) : .none
        sessionId = version >= 7 ? try cursor.int32() : 0
        topics = try WireSequence(from: &cursor, version: version, compact: compact)
        if version >= 16 {
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
        public let partitions: WireSequence<Partition>

        public init(from cursor: inout ByteCursor, version: Int16) throws(DecodeError) {
            let compact = version >= 12
            (name, topicId) = try cursor.topic(version: version, compact: compact)
            partitions = try WireSequence(from: &cursor, version: version, compact: compact)
            if compact { try cursor.skipTaggedFields() }
        }

        public static func minimumSize(version: Int16) -> Int { version >= 13 ? 18 : version >= 12 ? 3 : 6 }
    }

    public struct Partition: WireElement {
        /// All but the records.
        public let header: FetchResponsePartition
        /// The record batches where they lie in the frame, the last perhaps cut off; nil is null.
        public let records: UnsafeRawBufferPointer?

        public init(from cursor: inout ByteCursor, version: Int16) throws(DecodeError) {
            let compact = version >= 12
            var header = FetchResponsePartition(index: try cursor.int32())
            header.errorCode = ErrorCode(rawValue: try cursor.int16())
            header.highWatermark = try cursor.int64()
            header.lastStableOffset = try cursor.int64()
            if version >= 5 { header.logStartOffset = try cursor.int64() }
            header.abortedTransactions = try cursor.nullableArray(compact: compact, version: version)
            if version >= 11 { header.preferredReadReplica = try cursor.int32() }
            if let length = try cursor.bytesLength(compact: compact) {
                records = try cursor.take(length)
            } else {
                records = nil
            }
            if compact { try header.readTags(from: &cursor) }
            self.header = header
        }

        public static func minimumSize(version: Int16) -> Int {
            version >= 12 ? 37 : version >= 11 ? 42 : version >= 5 ? 38 : 30
        }
    }
}
