import Bytes
import LogStorage
import Runtime
import Synchronization

/// One compaction on its way, as the shard and the thread that compacts see it: keeps to the limit of bytes in a second,
/// ends when it is told to, and has the shard change its log.
final class RunningCompaction: CompactionHost, Sendable {
    let topicID: UUID
    let id: TopicPartition
    private let home: Mailbox<ShardMessage>
    private let bytesPerSecond: Double?
    private let start = MonotonicTime.current()
    private let bytes = Atomic<Int>(0)
    private let isStopped = Atomic<Bool>(false)

    /// The longest that it waits without looking whether it is to end.
    private static let patience = Interval.milliseconds(50)

    init(topicID: UUID, id: TopicPartition, home: Mailbox<ShardMessage>, bytesPerSecond: Double?) {
        self.topicID = topicID
        self.id = id
        self.home = home
        self.bytesPerSecond = bytesPerSecond
    }

    /// Has the compaction end soon.
    func stop() { isStopped.store(true, ordering: .relaxed) }

    var duration: Interval { MonotonicTime.current() - start }

    // MARK: On the thread that compacts

    func advanced(by count: Int) -> Bool {
        let total = bytes.add(count, ordering: .relaxed).newValue
        if let bytesPerSecond {
            let due = start + .nanoseconds(Int64(min(Double(total) / bytesPerSecond, 1e9) * 1e9))
            while !isStopped.load(ordering: .relaxed) {
                let left = due - MonotonicTime.current()
                if left <= .zero { break }
                BlockingPool.pause(min(left, RunningCompaction.patience))
            }
        }
        return !isStopped.load(ordering: .relaxed)
    }

    func install(_ replacement: SegmentReplacement) -> Bool { ask { $0.install(replacement) } }

    func settle(_ replacement: SegmentReplacement) { _ = ask { $0.settle(replacement) } }

    /// Waits until the shard has done it; false where the partition is gone.
    private func ask(_ action: @escaping @Sendable (Log) -> Void) -> Bool {
        while true {
            guard let outcome = try? Rendezvous<Bool>() else {
                // Out of descriptors: the files of a replacement may be in the middle of their renaming.
                BlockingPool.pause(RunningCompaction.patience)
                continue
            }
            home.post(
                .call { [topicID, id] shard in
                    guard let local = shard.local(topicID, id.partition) else { return outcome.put(false) }
                    action(local.log)
                    outcome.put(true)
                })
            return outcome.wait()
        }
    }
}
