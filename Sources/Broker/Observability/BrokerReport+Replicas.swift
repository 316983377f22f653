import Metadata
import Metrics

/// What the metadata says of partitions, counted.
private struct ReplicaCounts {
    var partitions = 0
    var replicas = 0
    var leaders = 0
    var underReplicated = 0
    var underMinimum = 0
    var atMinimum = 0
    /// In the whole cluster.
    var leaderless = 0
    var notPreferred = 0

    init(_ cluster: ClusterReport, nodeID: Int32) {
        for topic in cluster.image.topics.all {
            let own = cluster.image.configuration(of: .topic(topic.name))["min.insync.replicas"].flatMap { Int($0) }
            for state in topic.partitions {
                add(state, minimum: own ?? cluster.minimumInSyncReplicas, nodeID: nodeID)
            }
        }
    }

    private mutating func add(_ state: PartitionState, minimum: Int, nodeID: Int32) {
        partitions += 1
        if state.leader < 0 { leaderless += 1 }
        if let preferred = state.replicas.first, state.leader >= 0, preferred != state.leader { notPreferred += 1 }
        if state.replicas.contains(nodeID) { replicas += 1 }
        guard state.leader == nodeID else { return }
        leaders += 1
        let inSync = state.inSyncReplicas.count
        let needed = min(minimum, state.replicas.count)
        if inSync < state.replicas.count { underReplicated += 1 }
        if inSync < needed { underMinimum += 1 }
        if inSync == needed { atMinimum += 1 }
    }
}

extension BrokerReport {
    /// Replicas of this broker, and the cluster as its controller sees it.
    func writeReplicas(to writer: inout ExpositionWriter) {
        let counts = ReplicaCounts(cluster, nodeID: nodeID)
        writeReplicaManager(counts, to: &writer)
        writeController(counts, to: &writer)
    }

    private func writeReplicaManager(_ counts: ReplicaCounts, to writer: inout ExpositionWriter) {
        let name = "kafka_server_replicamanager_"
        let gauges: [(String, String, Int)] = [
            ("partitioncount", "Partitions of which this broker has a replica.", counts.replicas),
            ("leadercount", "Partitions that this broker leads.", counts.leaders),
            ("underreplicatedpartitions", "Led partitions with replicas out of sync.", counts.underReplicated),
            (
                "underminisrpartitioncount", "Led partitions with too few replicas in sync to take writes.",
                counts.underMinimum
            ),
            ("atminisrpartitioncount", "Led partitions with no replica in sync to spare.", counts.atMinimum),
            (
                "offlinereplicacount", "Replicas that take no writes, or could not be opened.",
                sum { $0.failedPartitions } + logs.failed
            ),
            ("reassigningpartitions", "Led partitions that are moving to other brokers.", 0),
            ("produceridcount", "Producer ids that the led partitions know.", sum { $0.producerIDs }),
        ]
        for (suffix, help, value) in gauges {
            writer.begin(name + suffix, .gauge, help)
            writer.sample(value)
        }
        // One broker has nobody who could fall behind: these do not move, and dashboards that sum them find them.
        for (suffix, help) in [
            ("isrshrinks", "Replicas that fell out of sync."), ("isrexpands", "Replicas that came back into sync."),
            ("failedisrupdates", "Such changes that could not be stored."),
        ] {
            writer.begin("\(name)\(suffix)_total", .counter, help)
            writer.sample(0)
        }
        for (suffix, help, value) in [
            ("underreplicated", "Led partitions with replicas out of sync.", counts.underReplicated),
            ("underminisr", "Led partitions with too few replicas in sync to take writes.", counts.underMinimum),
            ("atminisr", "Led partitions with no replica in sync to spare.", counts.atMinimum),
        ] {
            writer.begin("kafka_cluster_partition_\(suffix)", .gauge, help + " Summed over all partitions.")
            writer.sample(value)
        }
    }

    private func writeController(_ counts: ReplicaCounts, to writer: inout ExpositionWriter) {
        let image = cluster.image
        let fenced = image.brokers.values.count { $0.isFenced }
        let gauges: [(String, String, Int)] = [
            ("kafkacontroller_activecontrollercount", "1 where this broker is the controller.", 1),
            ("kafkacontroller_offlinepartitionscount", "Partitions without a leader.", counts.leaderless),
            (
                "kafkacontroller_preferredreplicaimbalancecount", "Partitions not led by their preferred replica.",
                counts.notPreferred
            ),
            ("kafkacontroller_globaltopiccount", "Topics.", image.topics.count),
            ("kafkacontroller_globalpartitioncount", "Partitions.", counts.partitions),
            ("kafkacontroller_activebrokercount", "Brokers that serve.", image.brokers.count - fenced),
            ("kafkacontroller_fencedbrokercount", "Brokers that do not.", fenced),
            (
                "kafkacontroller_metadataerrorcount", "1 since metadata could not be stored.",
                cluster.hasStoreFailed ? 1 : 0
            ),
        ]
        for (suffix, help, value) in gauges {
            writer.begin("kafka_controller_\(suffix)", .gauge, help)
            writer.sample(value)
        }
        writer.begin(
            "kafka_controller_controllerstats_uncleanleaderelections_total", .counter,
            "Leaders that were not in sync when they were elected.")
        writer.sample(0)
        let raft: [(String, String, Int64)] = [
            ("current_leader", "The controller's id.", Int64(nodeID)),
            ("current_epoch", "The controller's epoch.", Int64(cluster.controllerEpoch)),
            ("high_watermark", "Offset up to which metadata is stored.", image.position.offset + 1),
            ("log_end_offset", "Offset that the next metadata record gets.", image.position.offset + 1),
        ]
        for (suffix, help, value) in raft {
            writer.begin("kafka_server_raftmetrics_\(suffix)", .gauge, help)
            writer.sample(value)
        }
    }
}
