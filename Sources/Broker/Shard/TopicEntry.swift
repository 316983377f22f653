import Bytes
import Configuration
import KafkaProtocol
import Metadata
import Records
import Replication

/// A topic as one shard knows it: where its partitions live, and its rules in the form that the produce path reads.
final class TopicEntry {
    let id: UUID
    let name: String
    let nameBytes: [UInt8]
    let isInternal: Bool
    let metrics: TopicMetrics
    private(set) var configuration: TopicConfiguration
    /// By partition index; the indexes of a topic are dense.
    var partitions: [PartitionRoute]
    /// Set when the topic is gone, for those who still hold the entry.
    var isDeleted = false

    init(
        id: UUID, name: String, configuration: TopicConfiguration, partitions: [PartitionRoute], metrics: TopicMetrics
    ) {
        self.id = id
        self.name = name
        nameBytes = Array(name.utf8)
        isInternal = TopicName.isInternal(name)
        self.configuration = configuration
        self.partitions = partitions
        self.metrics = metrics
    }

    func reconfigure(_ configuration: TopicConfiguration) {
        self.configuration = configuration
        for route in partitions { route.partition?.reconfigure(configuration) }
    }

    /// The log of a partition that this shard owns could not be opened.
    func goOffline(_ partition: Int32) {
        if route(partition) != nil { partitions[Int(partition)].isOffline = true }
    }

    func route(_ partition: Int32) -> PartitionRoute? {
        guard partition >= 0, Int(partition) < partitions.count else { return nil }
        return partitions[Int(partition)]
    }
}

/// Where a partition is served.
struct PartitionRoute {
    /// The shard that owns it, also when that is another one.
    var shard: Int
    /// The partition itself, where this shard owns it and its log is open.
    var partition: LocalPartition? {
        didSet { if partition != nil { isOffline = false } }
    }
    /// Whether this shard owns the partition and could not open its log; it may try again.
    fileprivate(set) var isOffline = false
    var leader: Int32
    var leaderEpoch: Int32

    init(shard: Int, leader: Int32, leaderEpoch: Int32) {
        self.shard = shard
        self.leader = leader
        self.leaderEpoch = leaderEpoch
    }

    /// What a client is told of a partition that is not open: to come back for one that is on its way, or that the disk
    /// does not let it be served.
    var refusal: ErrorCode { isOffline ? .kafkaStorageError : .notLeaderOrFollower }
}
