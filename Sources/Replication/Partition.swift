public import Bytes
import Collections
import Files
public import LogStorage

/// One partition as its leader: the log, the high watermark, and who waits for either.
///
/// With a single replica the high watermark is the end of what is as durable as the topic asks: synced where every
/// message is synced before it is acknowledged, written where the page cache is enough.
public final class Partition {
    public let id: TopicPartition
    public let topicID: UUID
    public private(set) var leaderEpoch: Int32
    public let log: Log
    /// The first offset that consumers do not see yet.
    public private(set) var highWatermark: Int64
    public private(set) var failure: StorageFailure?
    public var isClosed: Bool { failure == .closed }

    /// Appended batches above the high watermark: where each ends, and its size.
    private var pending: Deque<(endOffset: Int64, bytes: Int)> = []
    private var waiters: Deque<(endOffset: Int64, token: AcknowledgementToken)> = []
    /// Who hears of every move.
    public private(set) var subscribers = PartitionSubscribers()

    /// Takes up a recovered log: what a single replica found on its disk is committed.
    public init(id: TopicPartition, topicID: UUID, leaderEpoch: Int32, log: Log) {
        self.id = id
        self.topicID = topicID
        self.leaderEpoch = leaderEpoch
        self.log = log
        highWatermark = log.logEndOffset
        log.highWatermarkAdvanced(to: highWatermark)
    }

    /// Leads in a newer epoch from now on.
    public func lead(in epoch: Int32) {
        precondition(epoch >= leaderEpoch, "leader epochs rise")
        leaderEpoch = epoch
    }

    /// The first offset that a read_committed consumer does not see yet.
    public var lastStableOffset: Int64 { log.lastStableOffset(highWatermark: highWatermark) }

    /// Notes a batch that the log has staged. `token` is told when the batch is committed.
    public func appended(endOffset: Int64, bytes: Int, token: AcknowledgementToken?) {
        precondition(endOffset > (pending.last?.endOffset ?? highWatermark), "appends rise")
        pending.append((endOffset, bytes))
        if let token { wait(for: endOffset, token: token) }
    }

    /// Tells `token` when the high watermark has reached `endOffset` (a duplicate of a batch still on its way).
    public func wait(for endOffset: Int64, token: AcknowledgementToken) {
        waiters.append((endOffset, token))
    }

    /// The log wrote or synced: moves the high watermark and collects who waited for it.
    public func advance(into acknowledgements: inout [Acknowledgement]) {
        let target = PlantedBug.highWatermarkAheadOfSync.isOn ? log.writtenOffset : log.acknowledgeableOffset
        guard target > highWatermark else { return }
        precondition(target <= log.logEndOffset, "nothing is durable that was not appended")
        highWatermark = target
        log.highWatermarkAdvanced(to: target)
        var bytes = 0
        while let first = pending.first, first.endOffset <= target {
            bytes += first.bytes
            _ = pending.popFirst()
        }
        while let first = waiters.first, first.endOffset <= target {
            acknowledgements.append(Acknowledgement(token: first.token, outcome: .committed))
            _ = waiters.popFirst()
        }
        tellMoved(bytes: bytes)
    }

    /// The staged batches from `endOffset` on did not reach the disk and are gone from the log.
    public func revert(
        to endOffset: Int64, because failure: StorageFailure, into acknowledgements: inout [Acknowledgement]
    ) {
        while let last = pending.last, last.endOffset > endOffset { _ = pending.popLast() }
        var kept: Deque<(endOffset: Int64, token: AcknowledgementToken)> = []
        for waiter in waiters {
            if waiter.endOffset > endOffset {
                acknowledgements.append(Acknowledgement(token: waiter.token, outcome: .failed(failure)))
            } else {
                kept.append(waiter)
            }
        }
        waiters = kept
    }

    /// From now on the partition stores nothing more; who waits is told. Reads below the high watermark go on.
    public func fail(_ failure: StorageFailure, into acknowledgements: inout [Acknowledgement]) {
        self.failure = failure
        for waiter in waiters {
            acknowledgements.append(Acknowledgement(token: waiter.token, outcome: .failed(failure)))
        }
        waiters.removeAll()
        pending.removeAll()
    }

    /// Ends the partition: nobody hears of it again.
    public func close(into acknowledgements: inout [Acknowledgement]) {
        fail(.closed, into: &acknowledgements)
        let told = subscribers.members
        subscribers.removeAll()
        for subscriber in told { subscriber.partitionClosed() }
    }

    public func logStartMoved() { tellMoved(bytes: 0) }

    public func subscribe(_ subscriber: any PartitionSubscriber) { subscribers.add(subscriber) }

    public func unsubscribe(_ subscriber: any PartitionSubscriber) { subscribers.remove(subscriber) }

    private func tellMoved(bytes: Int) {
        for subscriber in subscribers.members { subscriber.partitionMoved(bytes: bytes) }
    }
}
