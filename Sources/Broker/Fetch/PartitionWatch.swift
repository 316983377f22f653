import Bytes
import LogStorage
import Replication
import Runtime

/// What says when a partition moves: the partition itself, or a watch of one that another shard owns.
protocol PartitionNews: AnyObject {
    func subscribe(_ subscriber: any PartitionSubscriber)
    func unsubscribe(_ subscriber: any PartitionSubscriber)
}

extension Partition: PartitionNews {}

/// How far a partition had got when somebody looked.
struct PartitionMarks: Equatable, Sendable {
    let highWatermark: Int64
    let logStartOffset: Int64
}

/// A partition of another shard.
struct RemotePartition: Hashable, Sendable {
    let topicID: UUID
    let partition: Int32
}

/// A partition of another shard that fetches of this one wait for.
///
/// However many they are, the owner tells this shard once of each move, until it hears that nobody waits any more. A fetch
/// that ends so leaves nothing with the owner, and between two shards there is at most one watch of a partition.
final class PartitionWatch: PartitionNews {
    /// Not used again: what the owner had sent for an earlier watch is none of this one's.
    let number: UInt64
    /// How far the owner has said that the partition got.
    fileprivate var marks: PartitionMarks
    private var subscribers = PartitionSubscribers()

    fileprivate init(number: UInt64, marks: PartitionMarks) {
        self.number = number
        self.marks = marks
    }

    func subscribe(_ subscriber: any PartitionSubscriber) { subscribers.add(subscriber) }
    func unsubscribe(_ subscriber: any PartitionSubscriber) { subscribers.remove(subscriber) }

    fileprivate var isIdle: Bool { subscribers.members.isEmpty }

    fileprivate func moved(to marks: PartitionMarks, bytes: Int) {
        self.marks = marks
        for subscriber in subscribers.members { subscriber.partitionMoved(bytes: bytes) }
    }

    fileprivate func ended() {
        let told = subscribers.members
        subscribers.removeAll()
        for subscriber in told { subscriber.partitionClosed() }
    }
}

/// The watches of one shard.
struct PartitionWatches {
    private var watches: [RemotePartition: PartitionWatch] = [:]
    private var next: UInt64 = 1

    subscript(id: RemotePartition) -> PartitionWatch? { watches[id] }

    fileprivate mutating func begin(_ id: RemotePartition, marks: PartitionMarks) -> PartitionWatch {
        defer { next += 1 }
        let watch = PartitionWatch(number: next, marks: marks)
        watches[id] = watch
        return watch
    }

    /// The watch with this number, unless it has ended.
    fileprivate func current(_ id: RemotePartition, _ number: UInt64) -> PartitionWatch? {
        guard let watch = watches[id], watch.number == number else { return nil }
        return watch
    }

    fileprivate mutating func end(_ id: RemotePartition) { watches[id] = nil }
}

// MARK: - The shard that waits

extension BrokerShard {
    /// Has the interest told when its partition, which another shard owns, moves beyond what the interest has seen. False
    /// if the partition is gone.
    func watchElsewhere(_ interest: FetchInterest, seen: FetchedPartition) -> Bool {
        guard case .elsewhere(let owner, let topicID) = locate(interest.target.key) else { return false }
        if interest.isWithdrawn { return true }
        let id = RemotePartition(topicID: topicID, partition: interest.target.key.partition)
        let seen = PartitionMarks(highWatermark: seen.highWatermark, logStartOffset: seen.logStartOffset)
        let known = watches[id]
        let watch = known ?? watches.begin(id, marks: seen)
        interest.subscribe(to: watch)
        // What moved the partition on from there is still to come.
        if known?.marks == seen { return true }
        let (home, number) = (index, watch.number)
        peers[owner].post(.call { $0.watch(id, for: home, number, seen: seen) })
        return true
    }

    fileprivate func watchMoved(_ id: RemotePartition, _ number: UInt64, to marks: PartitionMarks, bytes: Int) {
        guard let watch = watches.current(id, number) else { return }
        guard watch.isIdle else { return watch.moved(to: marks, bytes: bytes) }
        watches.end(id)
        let home = index
        peers[context.owner(of: id.topicID, id.partition)].post(.call { $0.unwatch(id, for: home) })
    }

    fileprivate func watchEnded(_ id: RemotePartition, _ number: UInt64) {
        guard let watch = watches.current(id, number) else { return }
        watches.end(id)
        watch.ended()
    }
}

// MARK: - The shard that owns the partition

extension BrokerShard {
    private func watch(_ id: RemotePartition, for home: Int, _ number: UInt64, seen: PartitionMarks) {
        guard let local = self.local(id.topicID, id.partition) else {
            peers[home].post(.call { $0.watchEnded(id, number) })
            return
        }
        let watcher = local.watchers.first { $0.home == home } ?? local.watch(id, for: home, number)
        if watcher.marks != seen { watcher.partitionMoved(bytes: Int.max) }
    }

    private func unwatch(_ id: RemotePartition, for home: Int) {
        guard let local = self.local(id.topicID, id.partition),
            let place = local.watchers.firstIndex(where: { $0.home == home })
        else { return }
        local.partition.unsubscribe(local.watchers.remove(at: place))
    }
}

extension LocalPartition {
    fileprivate func watch(_ id: RemotePartition, for home: Int, _ number: UInt64) -> PeerWatcher {
        let watcher = PeerWatcher(partition, id, number: number, home: home, mailbox: shard.peers[home])
        watchers.append(watcher)
        partition.subscribe(watcher)
        return watcher
    }
}

/// Tells another shard of each move of a partition.
final class PeerWatcher: PartitionSubscriber {
    let home: Int
    var subscriberPlace = 0
    private unowned let partition: Partition
    private let id: RemotePartition
    private let number: UInt64
    private let mailbox: Mailbox<ShardMessage>

    fileprivate init(
        _ partition: Partition, _ id: RemotePartition, number: UInt64, home: Int, mailbox: Mailbox<ShardMessage>
    ) {
        self.partition = partition
        self.id = id
        self.number = number
        self.home = home
        self.mailbox = mailbox
    }

    fileprivate var marks: PartitionMarks {
        PartitionMarks(highWatermark: partition.highWatermark, logStartOffset: partition.log.logStartOffset)
    }

    func partitionMoved(bytes: Int) {
        let (id, number, marks) = (id, number, marks)
        mailbox.post(.call { $0.watchMoved(id, number, to: marks, bytes: bytes) })
    }

    func partitionClosed() {
        let (id, number) = (id, number)
        mailbox.post(.call { $0.watchEnded(id, number) })
    }
}
