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
        writeOffsets(to: &writer)
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

    private func writeOffsets(to writer: inout ExpositionWriter) {
        writer.begin("kafka_consumergroup_current_offset", .gauge, "The offset that a group reads next in a partition.")
        for lag in lags { writer.sample(lag.offset, lag.dimensions) }
        writer.begin("kafka_consumergroup_lag", .gauge, "Records of a partition that a group has not read.")
        for lag in lags {
            if let records = lag.lag { writer.sample(records, lag.dimensions) }
        }
        writer.begin(
            "kafka_consumergroup_lag_seconds", .gauge,
            "For how long the oldest record has waited that a group has not read, by its timestamp.")
        for lag in lags {
            if let seconds = seconds(lag) { writer.sample(seconds, lag.dimensions) }
        }
        writeSums(to: &writer)
    }

    /// nil where it is not known.
    private func seconds(_ lag: GroupLag) -> Double? {
        if lag.lag == 0 { return 0 }
        guard let time = lag.unread.flatMap({ recordTimes[$0.place] }) else { return nil }
        return Double(max(0, now - time)) / 1_000
    }

    private func writeSums(to writer: inout ExpositionWriter) {
        var topics: [(dimensions: [Dimension], offset: Int64, lag: Int64)] = []
        var last: (group: Name, topic: Name)?
        for lag in lags {
            if last.map({ $0 != (lag.group, lag.topic) }) ?? true { topics.append((lag.topicDimensions, 0, 0)) }
            last = (lag.group, lag.topic)
            topics[topics.count - 1].offset &+= lag.offset
            topics[topics.count - 1].lag &+= lag.lag ?? 0
        }
        writer.begin(
            "kafka_consumergroup_current_offset_sum", .gauge, "The same of all partitions of a topic together.")
        for topic in topics { writer.sample(topic.offset, topic.dimensions) }
        writer.begin("kafka_consumergroup_lag_sum", .gauge, "Records of a topic that a group has not read.")
        for topic in topics { writer.sample(topic.lag, topic.dimensions) }
    }
}

extension GroupLag {
    fileprivate var dimensions: [Dimension] { topicDimensions + [Dimension("partition", String(partition))] }
    fileprivate var topicDimensions: [Dimension] {
        [Dimension("consumergroup", group.text), Dimension("topic", topic.text)]
    }
}
