import Bytes

/// What a Fetch response says of one partition, apart from its records.
public struct FetchResponsePartition: Sendable {
    public var index: Int32
    public var errorCode: ErrorCode
    public var highWatermark: Int64
    public var lastStableOffset: Int64
    /// From version 5 on; -1 when unknown.
    public var logStartOffset: Int64
    /// For a reader of committed records those that it has to drop, by first offset; nil for any other.
    public var abortedTransactions: [AbortedTransaction]?
    /// Whom to ask instead, from version 11 on; -1 for nobody.
    public var preferredReadReplica: Int32 = -1
    /// Where the log of a follower and this one part, from version 12 on.
    public var divergingEpoch: EpochEndOffset?
    /// From version 12 on, with an error that says that another broker leads.
    public var currentLeader: LeaderIdAndEpoch?
    /// The snapshot to fetch in place of records that are gone, from version 12 on.
    public var snapshotId: SnapshotId?

    @inlinable
    public init(
        index: Int32, errorCode: ErrorCode = .none, highWatermark: Int64 = -1, lastStableOffset: Int64 = -1,
        logStartOffset: Int64 = -1, abortedTransactions: [AbortedTransaction]? = nil
    ) {
        self.index = index
        self.errorCode = errorCode
        self.highWatermark = highWatermark
        self.lastStableOffset = lastStableOffset
        self.logStartOffset = logStartOffset
        self.abortedTransactions = abortedTransactions
    }

    public struct AbortedTransaction: Equatable, Sendable {
        public var producerId: Int64
        public var firstOffset: Int64

        @inlinable
        public init(producerId: Int64, firstOffset: Int64) {
            self.producerId = producerId
            self.firstOffset = firstOffset
        }
    }

    /// The largest epoch that both logs may share, and where it ends.
    public struct EpochEndOffset: Equatable, Sendable {
        public var epoch: Int32
        public var endOffset: Int64

        @inlinable
        public init(epoch: Int32, endOffset: Int64) {
            self.epoch = epoch
            self.endOffset = endOffset
        }
    }

    public struct SnapshotId: Equatable, Sendable {
        public var endOffset: Int64
        public var epoch: Int32

        @inlinable
        public init(endOffset: Int64, epoch: Int32) {
            self.endOffset = endOffset
            self.epoch = epoch
        }
    }

    @inlinable var hasTags: Bool { divergingEpoch != nil || currentLeader != nil || snapshotId != nil }

    /// Writes the tagged fields that are set and not the default.
    @usableFromInline
    func encodeTags(into writer: inout ByteWriter) {
        let diverging = divergingEpoch.flatMap { $0.epoch == -1 && $0.endOffset == -1 ? nil : $0 }
        let leader = currentLeader.flatMap { $0.isDefault ? nil : $0 }
        let snapshot = snapshotId.flatMap { $0.epoch == -1 && $0.endOffset == -1 ? nil : $0 }
        writer.writeTagCount(diverging != nil, leader != nil, snapshot != nil)
        if let diverging {
            writer.writeTag(0, size: 13)
            writer.write(diverging.epoch)
            writer.write(diverging.endOffset)
            writer.writeUnsignedVarint(0)
        }
        leader?.encode(as: 1, into: &writer)
        if let snapshot {
            writer.writeTag(2, size: 13)
            writer.write(snapshot.endOffset)
            writer.write(snapshot.epoch)
            writer.writeUnsignedVarint(0)
        }
    }

    /// Reads the tagged fields.
    mutating func readTags(from cursor: inout ByteCursor) throws(DecodeError) {
        try cursor.taggedFields { (tag, field) throws(DecodeError) in
            switch tag {
            case 0:
                divergingEpoch = EpochEndOffset(epoch: try field.int32(), endOffset: try field.int64())
                try field.skipTaggedFields()
            case 1: currentLeader = try LeaderIdAndEpoch(from: &field)
            case 2:
                snapshotId = SnapshotId(endOffset: try field.int64(), epoch: try field.int32())
                try field.skipTaggedFields()
            default: return false
            }
            return true
        }
    }
}

extension FetchResponsePartition.AbortedTransaction: KafkaStructure {
    package init(from cursor: inout ByteCursor, version: Int16) throws(DecodeError) {
        producerId = try cursor.int64()
        firstOffset = try cursor.int64()
        if version >= 12 { try cursor.skipTaggedFields() }
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        writer.write(producerId)
        writer.write(firstOffset)
        if version >= 12 { writer.writeUnsignedVarint(0) }
    }

    package static func minimumSize(version: Int16) -> Int { version >= 12 ? 17 : 16 }
}
