import Bytes
import DiskScheduler
import KafkaProtocol
import Metrics
import Quotas
import Runtime

/// What one shard has to tell when the metrics are asked for.
struct ShardReport: Sendable {
    var apis: [ApiKey: ApiCounts] = [:]
    var topics: [(name: String, counts: TopicCounts)] = []
    /// Of topics without series of their own, and of those that are gone.
    var otherTopics = TopicCounts()
    var retiredTopics = TopicCounts()
    var partitions: [PartitionReport] = []
    var otherPartitions = PartitionSums()
    /// Partitions without series of their own; only where groups have series.
    var otherLogs: [TopicPartition: LogBounds] = [:]
    var groups = GroupsReport()

    var disk: DiskStatistics
    var loop: ShardStatistics
    var memory = MemoryReport()
    /// Open connections by listener.
    var connections: [String: Int] = [:]
    var fetchSessions = 0
    var fetchSessionPartitions = 0
    var fetchSessionEvictions = 0
    var parkedFetches = 0
    var pendingProduces = 0
    /// What the whole broker's clients use of their quotas, as this shard knows it.
    var quotas: [QuotaUsage<QuotaKey>.Measure] = []
    var partitionCount = 0
    /// Partitions that take no writes, after a failed one.
    var failedPartitions = 0
    var producerIDs = 0
    /// Log directories that take no writes, by index.
    var failedDirectories: Set<Int> = []
    var compaction = CompactionReport()
}

struct PartitionReport: Sendable {
    let topic: String
    let topicID: UUID
    let partition: Int32
    let sizeBytes: Int64
    let segments: Int
    let logStartOffset: Int64
    let logEndOffset: Int64
    let highWatermark: Int64
    let lastStableOffset: Int64

    var bounds: LogBounds { LogBounds(topic: topicID, start: logStartOffset, end: highWatermark) }
}

/// Where a log begins, and up to where consumers read it.
struct LogBounds: Sendable {
    let topic: UUID
    let start: Int64
    let end: Int64
}

/// Partitions without series of their own, together.
struct PartitionSums: Sendable {
    var count = 0
    var sizeBytes: Int64 = 0
    var segments = 0
}

struct MemoryReport: Sendable {
    /// Shards that share a budget tell the same.
    var budget: ObjectIdentifier?
    var used = 0
    var limit = 0
}
