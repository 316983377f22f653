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
    let clusterID: String
    let shardCount: Int
    let fileSystem: any FileSystem
    let pool: BlockingPool
    let status: BrokerStatus
    /// The threads that compact.
    let compactors: BlockingPool
    let compactionSlots: CompactionSlots
    /// Log directories in the order of the configuration.
    let directories: [BrokerDirectory]
    let syncThreads: [SyncThread]
    let descriptors: DescriptorShares

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
