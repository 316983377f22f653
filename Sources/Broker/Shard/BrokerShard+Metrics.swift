import Configuration
import DiskScheduler
import KafkaProtocol
import LogStorage
import Metrics
import Replication
import Runtime

extension BrokerShard {
    /// What this shard has counted, and how things stand.
    func report() -> ShardReport {
        var report = ShardReport(disk: disk.statistics, loop: loop.statistics)
        report.apis = requests.counts
        report.otherTopics = topicSeries.others.counts
        report.retiredTopics = topicSeries.retired
        report.memory = MemoryReport(
            budget: ObjectIdentifier(loop.options.memory), used: loop.options.memory.used,
            limit: loop.options.memory.limit)
        report.fetchSessions = fetchSessions.count
        report.fetchSessionPartitions = fetchSessions.partitionCount
        report.fetchSessionEvictions = fetchSessions.evictions
        report.parkedFetches = parkedFetches
        report.failedDirectories = failedDirectories
        report.quotas = quotas.measures()
        report.compaction = compactor.report()
        report.groups = groupSeries.report(groups.running.compactMapValues(\.machine))
        for listener in context.configuration.listeners { report.connections[listener.name] = 0 }
        for session in sessions.all {
            report.connections[session.listener.name, default: 0] += 1
            report.pendingProduces += session.pendingProduceCount
        }
        for entry in topics.entries { add(entry, to: &report) }
        return report
    }

    private func add(_ entry: TopicEntry, to report: inout ShardReport) {
        if entry.metrics.hasOwnSeries { report.topics.append((entry.name, entry.metrics.counts)) }
        for (index, route) in entry.partitions.enumerated() {
            guard let local = route.partition else { continue }
            let (partition, log) = (local.partition, local.log)
            report.partitionCount += 1
            report.producerIDs += log.producerCount
            if partition.failure != nil { report.failedPartitions += 1 }
            if index < entry.metrics.partitionSeries {
                report.partitions.append(
                    PartitionReport(
                        topic: entry.name, topicID: entry.id, partition: Int32(index), sizeBytes: log.size,
                        segments: log.segmentCount, logStartOffset: log.logStartOffset, logEndOffset: log.logEndOffset,
                        highWatermark: partition.highWatermark, lastStableOffset: partition.lastStableOffset))
            } else {
                report.otherPartitions.count += 1
                report.otherPartitions.sizeBytes += log.size
                report.otherPartitions.segments += log.segmentCount
                if groupSeries.isEnabled {
                    report.otherLogs[partition.id] = LogBounds(
                        topic: entry.id, start: log.logStartOffset, end: partition.highWatermark)
                }
            }
        }
    }
}
