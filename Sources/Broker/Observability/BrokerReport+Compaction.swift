import Metrics
import Runtime

extension BrokerReport {
    /// Compaction, under the names of Kafka's log cleaner.
    func writeCompaction(to writer: inout ExpositionWriter) {
        writePasses(to: &writer)
        writeUncleanable(to: &writer)
        let counters: [(String, String, (CompactionReport) -> Int64)] = [
            ("passes", "Logs that were compacted.", { Int64($0.finished) }),
            ("read_bytes", "Bytes of the segments that went into it.", \.bytesRead),
            ("written_bytes", "Bytes of those that came out of it.", \.bytesWritten),
        ]
        for (suffix, help, count) in counters {
            writer.begin("martlet_compaction_\(suffix)_total", .counter, help)
            writer.sample(shards.reduce(0) { $0 + count($1.compaction) })
        }
    }

    private func writePasses(to writer: inout ExpositionWriter) {
        let passes = shards.flatMap(\.compaction.passes.values)
        let gauges: [(String, String, Int)] = [
            (
                "logcleaner_max_clean_time_secs", "Seconds of the last compaction, the longest of all directories.",
                passes.map { Int($0.duration.milliseconds / 1_000) }.max() ?? 0
            ),
            (
                "logcleaner_max_buffer_utilization_percent", "Share of the table of keys that it used.",
                passes.map { percent($0.tableUse) }.max() ?? 0
            ),
            (
                "logcleaner_cleaner_recopy_percent", "Share of the bytes that it kept.",
                passes.map { percent($0.recopied) }.max() ?? 0
            ),
            ("logcleaner_deadthreadcount", "Threads of the cleaner that ended: these here do not.", 0),
            (
                "logcleanermanager_max_dirty_percent", "Share of dirty bytes in the log that has the most.",
                shards.flatMap(\.compaction.dirtyRatios.values).map(percent).max() ?? 0
            ),
        ]
        for (suffix, help, value) in gauges {
            writer.begin("kafka_log_\(suffix)", .gauge, help)
            writer.sample(value)
        }
        if let last = shards.compactMap(\.compaction.lastLook).min() {
            writer.begin(
                "kafka_log_logcleanermanager_time_since_last_run_ms", .gauge,
                "Milliseconds since a log to compact was looked for.")
            writer.sample(max((MonotonicTime.current() - last).milliseconds, 0))
        }
    }

    private func writeUncleanable(to writer: inout ExpositionWriter) {
        var sums = directories.map { _ in CompactionReport.Uncleanable() }
        for (index, found) in shards.flatMap(\.compaction.uncleanable) where sums.indices.contains(index) {
            sums[index].partitions += found.partitions
            sums[index].bytes += found.bytes
        }
        let gauges: [(String, String, (CompactionReport.Uncleanable) -> Int64)] = [
            ("partitions_count", "Partitions that cannot be compacted, for damage.", { Int64($0.partitions) }),
            ("bytes", "Their bytes.", \.bytes),
        ]
        for (suffix, help, value) in gauges {
            writer.begin("kafka_log_logcleanermanager_uncleanable_\(suffix)", .gauge, help)
            for (path, sum) in zip(directories, sums) { writer.sample(value(sum), [Dimension("logDirectory", path)]) }
        }
    }

    private func percent(_ share: Double) -> Int { Int(min(max(share, 0), 1) * 100) }
}
