extension BrokerKeys {
    static let log: [ConfigurationKey] = [
        int("num.partitions", 1, .atLeast(1), about: "Partitions of a topic that is created without saying how many."),
        int(
            "default.replication.factor", 1, .between(1, 32_767),
            about: "Replicas of a topic that is created without saying how many."),
        boolean(
            "auto.create.topics.enable", true,
            about: "Whether a topic that a client asks for is created when it is not there."),
        boolean("delete.topic.enable", true, about: "Whether topics may be deleted."),
        int(
            "message.max.bytes", 1_048_588, .atLeast(0), update: .clusterWide,
            about: "Largest size of a record batch, after compression."),
        string(
            "compression.type", "producer", .oneOf(TopicKey.compressionTypes), update: .clusterWide,
            about: "Codec in which batches are stored; producer keeps what the producer chose."),
        int(
            "compression.gzip.level", -1, .betweenOr(1, 9, -1), update: .clusterWide,
            about: "Level when compression.type is gzip; -1: the library's."),
        int(
            "compression.lz4.level", 9, .between(1, 17), update: .clusterWide,
            about: "Level when compression.type is lz4."),
        int(
            "compression.zstd.level", 3, .between(-131_072, 22), update: .clusterWide,
            about: "Level when compression.type is zstd."),
        int(
            "min.insync.replicas", 1, .atLeast(1), update: .clusterWide,
            about: "Replicas that must have a record before acks=all is acknowledged."),
        list(
            "log.cleanup.policy", "delete", .elements(TopicKey.cleanupPolicies), update: .clusterWide,
            about: "What happens to old data: delete, compact, both, or neither."),
        long(
            "log.retention.ms", nil, .atLeast(-1), update: .clusterWide,
            about: "Milliseconds that data is kept; -1: no limit. Stronger than minutes and hours."),
        int(
            "log.retention.minutes", nil, .atLeast(-1),
            about: "Minutes that data is kept, read when log.retention.ms is not set."),
        int(
            "log.retention.hours", 168, .atLeast(-1),
            about: "Hours that data is kept, read when neither ms nor minutes are set."),
        long(
            "log.retention.bytes", -1, update: .clusterWide,
            about: "Bytes that a partition may have before its oldest segments go; -1: no limit."),
        long(
            "log.retention.check.interval.ms", 300_000, .atLeast(1),
            about: "Milliseconds between two looks for segments to delete."),
        long(
            "log.initial.task.delay.ms", 30_000, .atLeast(0),
            about: "Milliseconds after the start before background work on the logs begins."),
        int(
            "log.segment.bytes", 1_073_741_824, .atLeast(1_048_576), update: .clusterWide,
            about: "Bytes at which a new segment is begun."),
        long(
            "log.segment.delete.delay.ms", 60_000, .atLeast(0), update: .clusterWide,
            about: "Milliseconds that a deleted segment's files stay on disk."),
        long(
            "log.roll.ms", nil, .atLeast(1), update: .clusterWide,
            about: "Milliseconds after which a new segment is begun. Stronger than hours."),
        int(
            "log.roll.hours", 168, .atLeast(1),
            about: "Hours after which a new segment is begun, read when log.roll.ms is not set."),
        long(
            "log.roll.jitter.ms", nil, .atLeast(0), update: .clusterWide,
            about: "Upper bound of the random time that shortens log.roll.ms. Stronger than hours."),
        int(
            "log.roll.jitter.hours", 0, .atLeast(0),
            about: "The same in hours, read when log.roll.jitter.ms is not set."),
        int(
            "log.index.interval.bytes", 4096, .atLeast(0), update: .clusterWide,
            about: "Bytes of data between two index entries."),
        int(
            "log.index.size.max.bytes", 10_485_760, .atLeast(4), update: .clusterWide,
            about: "Largest size of a segment's index."),
        long(
            "log.flush.interval.messages", 1, .atLeast(1), update: .clusterWide,
            about: "1: what is acknowledged is on the disk; more: that many may be in the page cache."),
        long(
            "log.flush.interval.ms", nil, .atLeast(0), update: .clusterWide,
            about: "Milliseconds after which records are on the disk at the latest."),
        long(
            "log.flush.scheduler.interval.ms", Int64.max, .atLeast(0),
            about: "Read as log.flush.interval.ms when that is not set."),
        int(
            "log.flush.offset.checkpoint.interval.ms", 60_000, .atLeast(0),
            about: "Milliseconds between two synced checkpoints of the recovery point."),
        int(
            "log.flush.start.offset.checkpoint.interval.ms", 60_000, .atLeast(0),
            about: "Milliseconds between two checkpoints of the log start offsets."),
        string(
            "log.message.timestamp.type", "CreateTime", .oneOf(["CreateTime", "LogAppendTime"]), update: .clusterWide,
            about: "Whether a record's time is the producer's or that of its arrival."),
        long(
            "log.message.timestamp.before.max.ms", Int64.max, .atLeast(0), update: .clusterWide,
            about: "How far a timestamp may lie behind the broker's clock, in milliseconds."),
        long(
            "log.message.timestamp.after.max.ms", 3_600_000, .atLeast(0), update: .clusterWide,
            about: "How far a timestamp may lie ahead of the broker's clock, in milliseconds."),
        boolean(
            "log.preallocate", false, update: .clusterWide,
            about: "Whether a segment takes its whole space on the disk when it is begun."),
        list(
            "cordoned.log.dirs", "", update: .perBroker,
            about: "Directories of log.dirs that take no new partitions; * for all, and then it makes no difference."),
        int(
            "producer.id.expiration.ms", 86_400_000, .atLeast(1), update: .clusterWide,
            about: "Milliseconds after which an idle producer's sequence numbers are forgotten."),
        int(
            "producer.id.expiration.check.interval.ms", 600_000, .atLeast(1),
            about: "Milliseconds between two looks for idle producers."),
        boolean(
            "martlet.produce.verify.compressed", true,
            about: "Whether compressed batches are opened and checked record by record."),
        int(
            "martlet.produce.maximum.decompressed.bytes", 67_108_864, .atLeast(1),
            about: "Largest size that one compressed batch may unpack to."),
    ]
}
