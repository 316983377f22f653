import KafkaProtocol
import Metrics
import Runtime

/// Everything that one answer to `/metrics` is written from.
struct BrokerReport: Sendable {
    let nodeID: Int32
    let shards: [ShardReport]
    let cluster: ClusterReport
    let recent: RecentMetrics
    let lags: [GroupLag]
    let recordTimes: RecordTimes
    /// When it is written, in milliseconds since 1970.
    let now: Int64
    let phase: BrokerStatus.Phase
    let logs: BrokerStatus.Logs
    let startSeconds: Double
    let build: BuildInfo
    /// The paths of the log directories.
    let directories: [String]

    /// The text in Prometheus' format: first under the names that Kafka's MBeans have after the customary rules of
    /// jmx_exporter, then what is Martlet's own.
    func exposition(_ process: ProcessStatistics) -> [UInt8] {
        var writer = ExpositionWriter()
        writeTopics(to: &writer)
        writeRequests(to: &writer)
        writePartitions(to: &writer)
        writeReplicas(to: &writer)
        writeBroker(to: &writer)
        writeQuotas(to: &writer)
        writeCompaction(to: &writer)
        writeGroups(to: &writer)
        writeOwn(to: &writer)
        write(process, to: &writer)
        return writer.bytes
    }

    /// The sum over all shards.
    func sum(_ part: (ShardReport) -> Int) -> Int { shards.reduce(0) { $0 + part($1) } }

    /// The counts of all shards, by API in the order of their numbers.
    var apis: [(key: ApiKey, counts: ApiCounts)] {
        var merged: [ApiKey: ApiCounts] = [:]
        for shard in shards {
            for (key, counts) in shard.apis { merged[key, default: ApiCounts()].merge(counts) }
        }
        return merged.sorted { $0.key.rawValue < $1.key.rawValue }.map { ($0.key, $0.value) }
    }
}

extension ApiKey {
    /// The names under which Kafka counts the requests: those of consumers' fetches once more under a name of their own.
    var metricNames: [String] {
        switch self {
        case .fetch: ["Fetch", "FetchConsumer"]
        default: [metricName]
        }
    }

    /// Kafka's name of the API.
    var metricName: String {
        let name = "\(self)"
        return name.prefix(1).uppercased() + name.dropFirst()
    }
}
