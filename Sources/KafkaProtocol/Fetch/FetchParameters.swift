import Bytes

/// What a Fetch request asks for as a whole.
public struct FetchParameters: Equatable, Sendable {
    /// The broker that follows; -1 for a consumer.
    public var replicaId: Int32 = -1
    /// The follower's registration epoch, from version 15 on; -1 when unknown.
    public var replicaEpoch: Int64 = -1
    public var maxWaitMs: Int32 = 0
    public var minBytes: Int32 = 0
    public var maxBytes: Int32 = .max
    /// 0 reads uncommitted, 1 reads committed.
    public var isolationLevel: Int8 = 0
    /// From version 7 on; 0 for none.
    public var sessionId: Int32 = 0
    /// From version 7 on; -1 for none, 0 asks for a new session.
    public var sessionEpoch: Int32 = -1

    @inlinable
    public init() {}
}

/// What a Fetch request asks of one partition.
public struct FetchPartition: Equatable, Sendable, WireElement {
    public var index: Int32
    public var fetchOffset: Int64
    public var partitionMaxBytes: Int32
    /// The epoch of the leader that the client knows, from version 9 on; -1 when unknown.
    public var currentLeaderEpoch: Int32 = -1
    /// The epoch of the last record that the client has, from version 12 on; -1 when unknown.
    public var lastFetchedEpoch: Int32 = -1
    /// Where the follower's log starts, from version 5 on; -1 for a consumer.
    public var logStartOffset: Int64 = -1
    /// Where the follower keeps the replica, from version 17 on; zero when unknown.
    public var replicaDirectoryId = UUID.zero
    /// The high watermark that the follower knows, from version 18 on; `Int64.max` when it does not say.
    public var highWatermark: Int64 = .max

    @inlinable
    public init(index: Int32, fetchOffset: Int64, partitionMaxBytes: Int32) {
        self.index = index
        self.fetchOffset = fetchOffset
        self.partitionMaxBytes = partitionMaxBytes
    }

    @inlinable
    public init(from cursor: inout ByteCursor, version: Int16) throws(DecodeError) {
        index = try cursor.int32()
        if version >= 9 { currentLeaderEpoch = try cursor.int32() }
        fetchOffset = try cursor.int64()
        if version >= 12 { lastFetchedEpoch = try cursor.int32() }
        if version >= 5 { logStartOffset = try cursor.int64() }
        partitionMaxBytes = try cursor.int32()
        if version >= 17 {
            try readTags(from: &cursor, version: version)
        } else if version >= 12 {
            try cursor.skipTaggedFields()
        }
    }

    @inlinable
    mutating func readTags(from cursor: inout ByteCursor, version: Int16) throws(DecodeError) {
        if cursor.rest.first == 0 { return try cursor.skip(1) }
        try readPresentTags(from: &cursor, version: version)
    }

    @usableFromInline
    mutating func readPresentTags(from cursor: inout ByteCursor, version: Int16) throws(DecodeError) {
        try cursor.taggedFields { (tag, field) throws(DecodeError) in
            switch tag {
            case 0: replicaDirectoryId = try field.uuid()
            case 1 where version >= 18: highWatermark = try field.int64()
            default: return false
            }
            return true
        }
    }

    @inlinable
    public static func minimumSize(version: Int16) -> Int {
        version >= 12 ? 33 : version >= 9 ? 28 : version >= 5 ? 24 : 16
    }

    @inlinable
    func encode(into writer: inout ByteWriter, version: Int16) {
        writer.write(index)
        if version >= 9 { writer.write(currentLeaderEpoch) }
        writer.write(fetchOffset)
        if version >= 12 { writer.write(lastFetchedEpoch) }
        if version >= 5 { writer.write(logStartOffset) }
        writer.write(partitionMaxBytes)
        guard version >= 12 else { return }
        let hasDirectory = version >= 17 && !replicaDirectoryId.isZero
        let hasHighWatermark = version >= 18 && highWatermark != .max
        writer.writeUnsignedVarint((hasDirectory ? 1 : 0) + (hasHighWatermark ? 1 : 0))
        if hasDirectory {
            writer.writeTag(0, size: 16)
            writer.write(replicaDirectoryId)
        }
        if hasHighWatermark {
            writer.writeTag(1, size: 8)
            writer.write(highWatermark)
        }
    }
}
