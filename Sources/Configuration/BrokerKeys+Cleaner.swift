extension BrokerKeys {
    static let cleaner: [ConfigurationKey] = [
        boolean("log.cleaner.enable", true, about: "Whether compacted topics are compacted."),
        int("log.cleaner.threads", 1, .atLeast(0), update: .clusterWide, about: "Threads that compact."),
        long(
            "log.cleaner.backoff.ms", 15_000, .atLeast(0), update: .clusterWide,
            about: "Milliseconds to wait when there is nothing to compact."),
        long(
            "log.cleaner.dedupe.buffer.size", 134_217_728, update: .clusterWide,
            about: "Bytes for the table of keys, over all threads."),
        long(
            "log.cleaner.delete.retention.ms", 86_400_000, .atLeast(0), update: .clusterWide,
            about: "Milliseconds that a deletion marker stays in a compacted topic."),
        double(
            "log.cleaner.io.buffer.load.factor", "0.9", update: .clusterWide,
            about: "How full the table of keys may get."),
        int(
            "log.cleaner.io.buffer.size", 524_288, .atLeast(0), update: .clusterWide,
            about: "Bytes for reading and writing, over all threads."),
        double(
            "log.cleaner.io.max.bytes.per.second", "1.7976931348623157E308", update: .clusterWide,
            about: "Bytes that compaction reads and writes in a second."),
        long(
            "log.cleaner.max.compaction.lag.ms", Int64.max, .atLeast(1), update: .clusterWide,
            about: "Milliseconds after which a record is compacted at the latest."),
        double(
            "log.cleaner.min.cleanable.ratio", "0.5", .ratio(0, 1), update: .clusterWide,
            about: "Share of a log that must be uncompacted before it is compacted."),
        long(
            "log.cleaner.min.compaction.lag.ms", 0, .atLeast(0), update: .clusterWide,
            about: "Milliseconds that a record stays out of compaction at least."),
    ]
}
