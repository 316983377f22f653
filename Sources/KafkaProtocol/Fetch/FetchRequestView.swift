import Bytes

/// A Fetch request that stays in its frame (key 1).
///
/// Version 7 brought sessions, 12 is flexible, 13 has topic ids in place of names, 15 moved the replica id into a tagged
/// field. The view borrows the frame: it must not outlive the closure or tick in which the frame is valid.
public struct FetchRequestView {
    public static let versions: ClosedRange<Int16> = 4...18

    public let version: Int16
    /// Everything but the topics.
    public let parameters: FetchParameters
    /// UTF-8; nil when not sent. A follower says which cluster it takes this for.
    public let clusterId: UnsafeRawBufferPointer?
    /// UTF-8; empty when unknown, and before version 11.
    public let rackId: UnsafeRawBufferPointer
    public let topics: WireSequence<Topic>
    /// Partitions to remove from the session; empty before version 7.
    public let forgottenTopics: WireSequence<ForgottenTopic>
    /// Bytes behind the request that belong to nothing.
    public let trailingByteCount: Int

    /// Reads all of the request once.
    ///
    /// - Parameters:
    ///   - body: the frame behind the request header.
    ///   - maximumElements: topics and partitions that it may have in all, and as many forgotten ones.
    @inlinable
    public init(
        _ body: UnsafeRawBufferPointer, version: Int16, maximumElements: Int = .max
    ) throws(DecodeError) {
        guard version >= 4, version <= 18 else { throw .unsupportedVersion }
        let compact = version >= 12
        var cursor = ByteCursor(body)
        cursor.elementsLeft = maximumElements
        var parameters = FetchParameters()
        self.version = version
        if version <= 14 { parameters.replicaId = try cursor.int32() }
        parameters.maxWaitMs = try cursor.int32()
        parameters.minBytes = try cursor.int32()
        parameters.maxBytes = try cursor.int32()
        parameters.isolationLevel = try cursor.int8()
        if version >= 7 {
            parameters.sessionId = try cursor.int32()
            parameters.sessionEpoch = try cursor.int32()
        }
        topics = try WireSequence(from: &cursor, version: version, compact: compact)
        cursor.elementsLeft = maximumElements
        forgottenTopics =
            version >= 7 ? try WireSequence(from: &cursor, version: version, compact: compact) : WireSequence()
        rackId =
            version >= 11 ? try cursor.text(compact: compact) : UnsafeRawBufferPointer(start: nil, count: 0)
        clusterId = compact ? try FetchRequestView.tags(from: &cursor, version: version, into: &parameters) : nil
        self.parameters = parameters
        trailingByteCount = cursor.remaining
    }

    @usableFromInline
    static func tags(
        from cursor: inout ByteCursor, version: Int16, into parameters: inout FetchParameters
    ) throws(DecodeError) -> UnsafeRawBufferPointer? {
        if cursor.rest.first == 0 {
            try cursor.skip(1)
            return nil
        }
        var clusterId: UnsafeRawBufferPointer?
        try cursor.taggedFields { (tag, field) throws(DecodeError) in
            switch tag {
            case 0: clusterId = try field.nullableText(compact: true)
            case 1 where version >= 15:
                parameters.replicaId = try field.int32()
                parameters.replicaEpoch = try field.int64()
                try field.skipTaggedFields()
            default: return false
            }
            return true
        }
        return clusterId
    }

    public struct Topic: WireElement {
        /// UTF-8; empty from version 13 on.
        public let name: UnsafeRawBufferPointer
        /// Zero before version 13.
        public let topicId: UUID
        public let partitions: WireSequence<FetchPartition>

        @inlinable
        public init(from cursor: inout ByteCursor, version: Int16) throws(DecodeError) {
            let compact = version >= 12
            (name, topicId) = try cursor.topic(version: version, compact: compact)
            partitions = try WireSequence(from: &cursor, version: version, compact: compact)
            if compact { try cursor.skipTaggedFields() }
        }

        @inlinable
        public static func minimumSize(version: Int16) -> Int { version >= 13 ? 18 : version >= 12 ? 3 : 6 }
    }

    /// A topic some of whose partitions leave the session.
    public struct ForgottenTopic: WireElement {
        /// UTF-8; empty from version 13 on.
        public let name: UnsafeRawBufferPointer
        /// Zero before version 13.
        public let topicId: UUID
        public let partitions: WireSequence<ForgottenPartition>

        @inlinable
        public init(from cursor: inout ByteCursor, version: Int16) throws(DecodeError) {
            let compact = version >= 12
            (name, topicId) = try cursor.topic(version: version, compact: compact)
            partitions = try WireSequence(from: &cursor, version: version, compact: compact)
            if compact { try cursor.skipTaggedFields() }
        }

        @inlinable
        public static func minimumSize(version: Int16) -> Int { version >= 13 ? 18 : version >= 12 ? 3 : 6 }
    }

    public struct ForgottenPartition: WireElement {
        public let index: Int32

        @inlinable
        public init(from cursor: inout ByteCursor, version: Int16) throws(DecodeError) {
            index = try cursor.int32()
        }

        @inlinable
        public static func minimumSize(version: Int16) -> Int { 4 }
    }
}
