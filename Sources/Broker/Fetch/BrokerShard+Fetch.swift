import Bytes
import KafkaProtocol
import LogStorage
import Replication
import Runtime

/// Where a fetch finds its partitions, those of other shards too.
extension BrokerShard {
    /// Where the partition that a client named is served.
    func locate(_ key: FetchKey) -> Location {
        guard let entry = key.isByID ? topics[key.topicID] : topics[key.name] else {
            return .unknown(key.isByID ? .unknownTopicId : .unknownTopicOrPartition)
        }
        return locate(entry, key.partition)
    }

    /// Reads a partition of another shard. Cold reads are made there.
    func fetchElsewhere(
        _ owner: Int, _ topicID: UUID, _ target: FetchTarget, _ options: FetchOptions, budget: Int,
        then: @escaping (FetchedPartition) -> Void
    ) {
        ask(
            owner, topicID, target.key.partition,
            { local, reply in
                guard let local else { return reply(FetchedPartition(error: .notLeaderOrFollower)) }
                local.fetch(target, options, budget: budget, atLeastOneBatch: true, then: reply)
            }, then: then)
    }

    /// Has another shard say when the partition moves beyond what `interest` was told.
    func watchElsewhere(_ interest: FetchInterest, seen: FetchedPartition?) {
        guard case .elsewhere(let owner, let topicID) = locate(interest.target.key) else { return }
        guard let ticket = watches.arm(interest) else { return }
        let partition = interest.target.key.partition
        let marks = seen.map { PeerWatcher.Marks(highWatermark: $0.highWatermark, logStartOffset: $0.logStartOffset) }
        let home = peers[index]
        peers[owner].post(
            .call { shard in
                let watcher = PeerWatcher { bytes in home.post(.call { $0.watchFired(ticket, bytes: bytes) }) }
                guard let local = shard.local(topicID, partition) else { return watcher.partitionClosed() }
                watcher.watch(local.partition, seen: marks)
            })
    }

    private func watchFired(_ ticket: UInt64, bytes: Int) {
        guard let interest = watches.take(ticket), !interest.isWithdrawn else { return }
        interest.partitionMoved(bytes: bytes)
    }
}

/// Tells a fetch on another shard, once, that a partition moved.
private final class PeerWatcher: PartitionSubscriber {
    private let tell: (Int) -> Void
    private var partition: Partition?

    init(_ tell: @escaping (Int) -> Void) { self.tell = tell }

    /// What a fetch was told of the partition last.
    struct Marks: Sendable {
        let highWatermark: Int64
        let logStartOffset: Int64
    }

    func watch(_ partition: Partition, seen: Marks?) {
        guard seen?.highWatermark == partition.highWatermark, seen?.logStartOffset == partition.log.logStartOffset
        else {
            return tell(Int.max)
        }
        self.partition = partition
        partition.subscribe(self)
    }

    func partitionMoved(bytes: Int) {
        partition?.unsubscribe(self)
        partition = nil
        tell(bytes)
    }

    func partitionClosed() {
        partition = nil
        tell(Int.max)
    }
}
