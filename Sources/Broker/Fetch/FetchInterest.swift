import Replication

/// One partition of a fetch context, with what the client was told about it last.
final class FetchInterest: PartitionSubscriber {
    var target: FetchTarget
    unowned let context: FetchContext
    var isDirty = false
    private(set) var isWithdrawn = false
    /// Another shard was asked to say when the partition moves, and has not yet.
    var isWatchedElsewhere = false
    /// What the last answer said; -1 makes the next one speak whatever it finds.
    var toldHighWatermark: Int64 = -1
    var toldLogStartOffset: Int64 = -1
    private weak var partition: Partition?

    init(_ target: FetchTarget, context: FetchContext) {
        self.target = target
        self.context = context
    }

    /// From now on the partition says when it moves. Once is enough. A fetch that still reads for a context that was closed
    /// meanwhile hears of nothing more.
    func subscribe(to partition: Partition) {
        guard !isWithdrawn, self.partition !== partition else { return }
        self.partition?.unsubscribe(self)
        self.partition = partition
        partition.subscribe(self)
    }

    func withdraw() {
        isWithdrawn = true
        partition?.unsubscribe(self)
        partition = nil
    }

    func partitionMoved(bytes: Int) {
        context.markDirty(self)
        context.parked?.arrived(bytes: bytes)
    }

    func partitionClosed() {
        partition = nil
        context.markDirty(self)
        context.parked?.arrived(bytes: Int.max)
    }
}
