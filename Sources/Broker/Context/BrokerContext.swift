import Bytes
import Configuration
import DiskScheduler
import Files
import LogStorage
import Runtime

/// What all threads of a broker share: nothing in here changes.
struct BrokerContext: Sendable {
    let configuration: BrokerConfiguration
    let nodeID: Int32
    let build: BuildInfo
    let clusterID: String
    let shardCount: Int
    let fileSystem: any FileSystem
    let pool: BlockingPool
    let status: BrokerStatus
    /// The threads that compact.
    let compactors: BlockingPool
    let compactionSlots: CompactionSlots
    let movePace: MovePace
    /// Log directories in the order of the configuration.
    let directories: [BrokerDirectory]
    let syncThreads: [SyncThread]
    let descriptors: DescriptorShares

    /// The log directory that had the partition of this topic at the start; else one that had a partition of its name and
    /// does not say whose, which is taken for this topic's.
    func directory(of id: TopicPartition, topicID: UUID) -> Int? {
        let found = directories.map { $0.partitions[id] }
        return found.firstIndex { $0 == .some(topicID) } ?? found.firstIndex { $0 == .some(.none) }
    }

    /// Whether a log directory has so little room left that writing to it may fail any time.
    func isShortOfRoom(_ directory: Int) -> Bool {
        guard let space = try? fileSystem.space(directories[directory].path) else { return false }
        return space.usable < min(space.total / 100, 64 << 20)
    }

    /// Whether every log directory is new, or was left by a clean stop.
    var startsClean: Bool { directories.allSatisfy { $0.directory.isNew || $0.directory.wasCleanShutdown } }

    /// The shard that owns the partition.
    func owner(of topic: UUID, _ partition: Int32) -> Int {
        let mixed = (topic.low ^ topic.high) &+ UInt64(bitPattern: Int64(partition))
        return Int(mixed % UInt64(shardCount))
    }
}

/// A listener as its connections know it.
struct ListenerInfo: Sendable {
    let name: String
}
