import Bytes
import GroupCoordinator
import Metrics

extension BrokerReport {
    /// Kafka's counts of groups, and how far groups have come under the names of kafka_exporter.
    func writeGroups(to writer: inout ExpositionWriter) {
        var counts = GroupCounts()
        for shard in shards { counts.add(shard.groups.counts) }
        writeCounts(counts, to: &writer)
        let groups = shards.flatMap(\.groups.groups).sorted { $0.name < $1.name }
        guard !groups.isEmpty else { return }
        writer.begin("kafka_consumergroup_members", .gauge, "Members of a group.")
        for group in groups { writer.sample(group.members, [Dimension("consumergroup", group.name.text)]) }
        let ends = ends
        writeOffsets(groups.flatMap { rows(of: $0, ends) }, to: &writer)
    }

    private func writeCounts(_ counts: GroupCounts, to writer: inout ExpositionWriter) {
        let family = "kafka_coordinator_group_groupmetadatamanager"
        writer.begin("\(family)_numoffsets", .gauge, "Partitions that groups have an offset of.")
        writer.sample(counts.offsets)
        writer.begin("\(family)_numgroups", .gauge, "Groups of the classic protocol.")
        writer.sample(counts.classic.values.reduce(0, +))
        for state in ["PreparingRebalance", "CompletingRebalance", "Stable", "Dead", "Empty"] {
            writer.begin("\(family)_numgroups\(state.lowercased())", .gauge, "Those of them in this state.")
            writer.sample(counts.classic[state] ?? 0)
        }
        let newer = "kafka_server_group_coordinator_metrics"
        writer.begin("\(newer)_group_count", .gauge, "Groups by protocol.")
        for (name, groups) in [("classic", counts.classic), ("consumer", counts.consumer)] {
            writer.sample(groups.values.reduce(0, +), [Dimension("protocol", name)])
        }
        writer.begin("\(newer)_consumer_group_count", .gauge, "Groups of the consumer protocol by state.")
        for state in ["Empty", "Assigning", "Reconciling", "Stable", "Dead"] {
            writer.sample(counts.consumer[state] ?? 0, [Dimension("state", state.lowercased())])
        }
        writer.begin(
            "martlet_groups_without_series", .gauge, "Groups whose members and offsets have no series of their own.")
        writer.sample(sum { $0.groups.withoutSeries })
    }

    // MARK: Offsets

    private struct OffsetRow {
        let group: Name
        let topic: Name
        let partition: Int32
        let offset: Int64
        /// Nil where the partition is not here, as that of a topic that is gone.
        let lag: Int64?

        var dimensions: [Dimension] { topicDimensions + [Dimension("partition", String(partition))] }
        var topicDimensions: [Dimension] { [Dimension("consumergroup", group.text), Dimension("topic", topic.text)] }
    }

    /// Where consumers find the end of each partition.
    private var ends: [TopicPartition: Int64] {
        var ends: [TopicPartition: Int64] = [:]
        for shard in shards {
            for partition in shard.partitions {
                ends[TopicPartition(topic: partition.topic, partition: partition.partition)] = partition.highWatermark
            }
            ends.merge(shard.otherEnds, uniquingKeysWith: { first, _ in first })
        }
        return ends
    }

    private func rows(of group: MeasuredGroup, _ ends: [TopicPartition: Int64]) -> [OffsetRow] {
        group.offsets.sorted { ($0.topic, $0.partition) < ($1.topic, $1.partition) }.map { committed in
            let end = ends[TopicPartition(topic: committed.topic.text, partition: committed.partition)]
            // A commit may come between the looks at the two, and may say anything.
            return OffsetRow(
                group: group.name, topic: committed.topic, partition: committed.partition, offset: committed.offset,
                lag: end.map { max(0, $0 - max(0, committed.offset)) })
        }
    }

    private func writeOffsets(_ rows: [OffsetRow], to writer: inout ExpositionWriter) {
        writer.begin("kafka_consumergroup_current_offset", .gauge, "The offset that a group reads next in a partition.")
        for row in rows { writer.sample(row.offset, row.dimensions) }
        writer.begin("kafka_consumergroup_lag", .gauge, "Records of a partition that a group has not read.")
        for row in rows {
            if let lag = row.lag { writer.sample(lag, row.dimensions) }
        }
        var topics: [(dimensions: [Dimension], offset: Int64, lag: Int64)] = []
        var last: (group: Name, topic: Name)?
        for row in rows {
            if last.map({ $0 != (row.group, row.topic) }) ?? true { topics.append((row.topicDimensions, 0, 0)) }
            last = (row.group, row.topic)
            topics[topics.count - 1].offset &+= row.offset
            topics[topics.count - 1].lag &+= row.lag ?? 0
        }
        writer.begin(
            "kafka_consumergroup_current_offset_sum", .gauge, "The same of all partitions of a topic together.")
        for topic in topics { writer.sample(topic.offset, topic.dimensions) }
        writer.begin("kafka_consumergroup_lag_sum", .gauge, "Records of a topic that a group has not read.")
        for topic in topics { writer.sample(topic.lag, topic.dimensions) }
    }
}
