import KafkaClientCore
import KafkaProtocol

/// A running cluster as one client meets it.
struct ClusterFacts: Sendable {
    /// A broker, asked at the address that clients are told.
    struct Node: Sendable {
        let id: Int32
        let endpoint: BrokerEndpoint
        /// Why it was not reached there.
        var failure: ClientError?
        /// The cluster that it says it belongs to.
        var clusterId: String?
        /// Whether who answers there is this broker; nil where it was not found out.
        var isItself: Bool?
        var features: [ClusterFeature] = []
        var directories: [DescribedLogDirectory] = []
        var directoryFailure: ClientError?
        /// Partitions that have a replica on this broker.
        var replicaCount = 0

        /// Replicas whose logs the broker did not name; none where it was not asked for them.
        var closedLogs: Int {
            guard !directories.isEmpty, directories.allSatisfy({ $0.error == nil }) else { return 0 }
            return max(replicaCount - directories.reduce(0) { $0 + $1.partitionCount - $1.arrivingCount }, 0)
        }
    }

    /// How a clock differs from this machine's.
    struct Skew: Sendable, Equatable {
        let controller: Int32
        /// Milliseconds that it is ahead.
        let ahead: Int64
        /// Milliseconds by which `ahead` may be wrong.
        let uncertainty: Int64
    }

    /// Partitions that are not as they should be.
    struct Partitions: Sendable, Equatable {
        var count = 0
        var withoutLeader: [String] = []
        /// Fewer in sync than min.insync.replicas.
        var belowMinimum: [String] = []
        /// Fewer in sync than replicas.
        var behind: [String] = []
    }

    let bootstrap: [BrokerEndpoint]
    /// Why there is no cluster at all.
    var failure: ClientError?
    var id: String?
    var nodes: [Node] = []
    var partitions = Partitions()
    var skew: Skew?
}

extension ClusterFacts.Partitions {
    /// - Parameter minimums: min.insync.replicas by topic; those that are not in it are not compared.
    init(_ cluster: ClusterMetadata, minimums: [String: Int]) {
        for topic in cluster.topics.values.sorted(by: { $0.name < $1.name }) {
            for partition in topic.partitions {
                count += 1
                let name = "\(topic.name)-\(partition.index)"
                if partition.leader == nil {
                    withoutLeader.append(name)
                } else if let minimum = minimums[topic.name], partition.inSyncReplicas.count < minimum {
                    belowMinimum.append(name)
                } else if partition.inSyncReplicas.count < partition.replicas.count {
                    behind.append(name)
                }
            }
        }
    }
}
