import Replication

/// One partition of a fetch context, with what the client was told about it last.
final class FetchInterest: PartitionSubscriber {
    var target: FetchTarget
    unowned let context: FetchContext
    var isDirty = false
    var subscriberPlace = 0
    private(set) var isWithdrawn = false
    /// What the last answer said; -1 makes the next one speak whatever it finds.
    var toldHighWatermark: Int64 = -1
    var toldLogStartOffset: Int64 = -1
    private weak var news: (any PartitionNews)?

    init(_ target: FetchTarget, context: FetchContext) {
        self.target = target
        self.context = context
    }

    /// From now on the partition says when it moves. Once is enough. A fetch that still reads for a context that was closed
    /// meanwhile hears of nothing more.
    func subscribe(to news: any PartitionNews) {
        guard !isWithdrawn, self.news !== news else { return }
        self.news?.unsubscribe(self)
        self.news = news
        news.subscribe(self)
    }

    func withdraw() {
        isWithdrawn = true
        news?.unsubscribe(self)
        news = nil
    }

    func partitionMoved(bytes: Int) {
        guard !isWithdrawn else { return }
        context.markDirty(self)
        context.parked?.arrived(bytes: bytes)
    }

    func partitionClosed() {
        news = nil
        guard !isWithdrawn else { return }
        context.markDirty(self)
        context.parked?.arrived(bytes: Int.max)
    }
}
