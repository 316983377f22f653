/// Whom to tell that a produced batch is safe: opaque to the partition, which only carries it.
public struct AcknowledgementToken: Sendable, Hashable {
    /// The shard whose connection asked.
    public var shard: Int32
    /// The place of the batch in its request.
    public var slot: Int32
    /// The connection, by a number that is not used again while the process lives.
    public var session: UInt64
    /// The request on that connection.
    public var request: UInt64

    @inlinable
    public init(shard: Int32, slot: Int32, session: UInt64, request: UInt64) {
        self.shard = shard
        self.slot = slot
        self.session = session
        self.request = request
    }
}

/// What became of a batch that was waited for.
public struct Acknowledgement: Sendable {
    public var token: AcknowledgementToken
    public var outcome: Outcome

    public enum Outcome: Sendable {
        /// As durable as its topic asks, and below the high watermark.
        case committed
        /// The write or its sync failed: the batch may or may not be there.
        case failed(StorageFailure)
    }
}

/// Why a partition cannot store for now.
public enum StorageFailure: Sendable, Equatable {
    /// No room on the disk; goes away when there is.
    case outOfSpace
    /// The disk failed a write or a sync; the directory takes no more writes until a restart has recovered it.
    case fenced
    /// The partition was closed (its topic deleted, or the broker stopping).
    case closed
}
