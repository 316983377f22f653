import Metrics

extension BrokerReport {
    /// What stands where a topic's name would, for those that have no series of their own. No topic can be called so.
    static let others = "(other)"

    private static let topicFamilies: [(name: String, help: String, count: @Sendable (TopicCounts) -> Int64)] = [
        ("messagesin", "Records appended.", { $0.messagesIn }),
        ("bytesin", "Bytes of record batches appended.", { $0.bytesIn }),
        ("bytesout", "Bytes of record batches sent to consumers.", { $0.bytesOut }),
        ("bytesrejected", "Bytes of record batches that were too large.", { $0.bytesRejected }),
        ("totalproducerequests", "Partitions named in produce requests.", { $0.produceRequests }),
        (
            "failedproducerequests", "Of these, those that failed for other than the usual reasons.",
            { $0.failedProduceRequests }
        ),
        ("totalfetchrequests", "Partitions answered in fetch requests.", { $0.fetchRequests }),
        (
            "failedfetchrequests", "Of these, those that failed for other than the usual reasons.",
            { $0.failedFetchRequests }
        ),
    ]

    /// By topic, and without one for all together, as Kafka does.
    func writeTopics(to writer: inout ExpositionWriter) {
        var byName: [String: TopicCounts] = [:]
        var others = TopicCounts()
        var all = TopicCounts()
        for shard in shards {
            for topic in shard.topics { byName[topic.name, default: TopicCounts()].add(topic.counts) }
            others.add(shard.otherTopics)
            all.add(shard.retiredTopics)
        }
        for counts in byName.values { all.add(counts) }
        all.add(others)
        var topics = byName.sorted { $0.key < $1.key }.map { (dimension: Dimension("topic", $0.key), counts: $0.value) }
        topics.append((Dimension("topic", BrokerReport.others), others))
        for family in BrokerReport.topicFamilies {
            writer.begin("kafka_server_brokertopicmetrics_\(family.name)_total", .counter, family.help)
            writer.sample(family.count(all))
            for topic in topics { writer.sample(family.count(topic.counts), [topic.dimension]) }
        }
    }

    /// Sizes and offsets of the logs.
    func writePartitions(to writer: inout ExpositionWriter) {
        let partitions = shards.flatMap(\.partitions).sorted { ($0.topic, $0.partition) < ($1.topic, $1.partition) }
        let rows = partitions.map { partition in
            (
                partition,
                [Dimension("topic", partition.topic), Dimension("partition", String(partition.partition))]
            )
        }
        let others = [Dimension("topic", BrokerReport.others), Dimension("partition", "")]
        writer.begin("kafka_log_log_size", .gauge, "Bytes of a partition's log.")
        for (partition, dimensions) in rows { writer.sample(partition.sizeBytes, dimensions) }
        writer.sample(shards.reduce(0) { $0 + $1.otherPartitions.sizeBytes }, others)
        writer.begin("kafka_log_log_numlogsegments", .gauge, "Segments of a partition's log.")
        for (partition, dimensions) in rows { writer.sample(partition.segments, dimensions) }
        writer.sample(sum { $0.otherPartitions.segments }, others)
        writer.begin("kafka_log_log_logstartoffset", .gauge, "First offset of a partition.")
        for (partition, dimensions) in rows { writer.sample(partition.logStartOffset, dimensions) }
        writer.begin("kafka_log_log_logendoffset", .gauge, "Offset that a partition's next record gets.")
        for (partition, dimensions) in rows { writer.sample(partition.logEndOffset, dimensions) }
        writer.begin(
            "kafka_cluster_partition_laststableoffsetlag", .gauge, "Records that transactions still hold back.")
        for (partition, dimensions) in rows {
            writer.sample(partition.highWatermark - partition.lastStableOffset, dimensions)
        }
    }
}
