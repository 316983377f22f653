extension TopicKey {
    static let compressionTypes = ["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]
    static let cleanupPolicies = ["compact", "delete"]

    static let definitions: [TopicKey: ConfigurationKey] = {
        var definitions: [TopicKey: ConfigurationKey] = [:]
        for key in timeAndSize + content + replication + compaction + (elections + remote).withoutEffect {
            guard let name = TopicKey(rawValue: key.name) else { preconditionFailure("\(key.name) is no topic key") }
            definitions[name] = key
        }
        return definitions
    }()

    private static let timeAndSize: [ConfigurationKey] = [
        list(
            "cleanup.policy", "delete", .elements(cleanupPolicies), update: .clusterWide,
            about: "What happens to old data: delete by age and size, compact to each key's last value, or both."),
        long(
            "retention.ms", 604_800_000, .atLeast(-1), update: .clusterWide,
            about: "Milliseconds that data is kept before its segment may be deleted; -1: no limit."),
        long(
            "retention.bytes", -1, update: .clusterWide,
            about: "Bytes that a partition may have before its oldest segments are deleted; -1: no limit."),
        int(
            "segment.bytes", 1_073_741_824, .atLeast(1_048_576), update: .clusterWide,
            about: "Bytes at which a new segment is begun."),
        long(
            "segment.ms", 604_800_000, .atLeast(1), update: .clusterWide,
            about: "Milliseconds after which a new segment is begun, even when the old one is not full."),
        long(
            "segment.jitter.ms", 0, .atLeast(0), update: .clusterWide,
            about: "Upper bound of a random time that shortens segment.ms, so that not all partitions roll at once."),
        int(
            "segment.index.bytes", 10_485_760, .atLeast(4), update: .clusterWide,
            about: "Largest size of a segment's index; a full index begins a new segment."),
        int(
            "index.interval.bytes", 4096, .atLeast(0), update: .clusterWide,
            about: "Bytes of data between two index entries."),
        long(
            "file.delete.delay.ms", 60_000, .atLeast(0), update: .clusterWide,
            about: "Milliseconds that a deleted segment's files stay on disk."),
        long(
            "flush.messages", 1, .atLeast(1), update: .clusterWide,
            about: "1: what is acknowledged is on the disk. More: that many records may be in the page cache only."),
        long(
            "flush.ms", Int64.max, .atLeast(0), update: .clusterWide,
            about: "Milliseconds after which records are on the disk at the latest."),
        boolean(
            "preallocate", false, update: .clusterWide,
            about: "Whether a segment takes its whole space on the disk when it is begun."),
    ]

    private static let content: [ConfigurationKey] = [
        int(
            "max.message.bytes", 1_048_588, .atLeast(0), update: .clusterWide,
            about: "Largest size of a record batch, after compression."),
        string(
            "compression.type", "producer", .oneOf(compressionTypes), update: .clusterWide,
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
        string(
            "message.timestamp.type", "CreateTime", .oneOf(["CreateTime", "LogAppendTime"]), update: .clusterWide,
            about: "Whether a record's time is the producer's or that of its arrival."),
        long(
            "message.timestamp.before.max.ms", Int64.max, .atLeast(0), update: .clusterWide,
            about: "How far a timestamp may lie behind the broker's clock, in milliseconds."),
        long(
            "message.timestamp.after.max.ms", 3_600_000, .atLeast(0), update: .clusterWide,
            about: "How far a timestamp may lie ahead of the broker's clock, in milliseconds."),
    ]

    private static let compaction: [ConfigurationKey] = [
        long(
            "delete.retention.ms", 86_400_000, .atLeast(0), update: .clusterWide,
            about: "Milliseconds that a deletion marker stays in a compacted topic."),
        long(
            "min.compaction.lag.ms", 0, .atLeast(0), update: .clusterWide,
            about: "Milliseconds that a record stays out of compaction at least."),
        long(
            "max.compaction.lag.ms", Int64.max, .atLeast(1), update: .clusterWide,
            about: "Milliseconds after which a record is compacted at the latest."),
        double(
            "min.cleanable.dirty.ratio", "0.5", .ratio(0, 1), update: .clusterWide,
            about: "Share of a log that must be uncompacted before it is compacted."),
    ]

    private static let replication: [ConfigurationKey] = [
        int(
            "min.insync.replicas", 1, .atLeast(1), update: .clusterWide,
            about: "Replicas that must have a record before acks=all is acknowledged.")
    ]

    private static let elections: [ConfigurationKey] = [
        boolean(
            "unclean.leader.election.enable", false, update: .clusterWide,
            about: "Whether a replica that may lack acknowledged records may lead when no other is left."),
        list(
            "leader.replication.throttled.replicas", "", .throttledReplicas, update: .clusterWide,
            about: "Replicas whose sending side is throttled: partition:broker pairs, or *."),
        list(
            "follower.replication.throttled.replicas", "", .throttledReplicas, update: .clusterWide,
            about: "Replicas whose receiving side is throttled: partition:broker pairs, or *."),
    ]

    private static let remote: [ConfigurationKey] = [
        boolean(
            "remote.storage.enable", false, update: .clusterWide,
            about: "Whether sealed segments go to remote storage."),
        long(
            "local.retention.ms", -2, .atLeast(-2), update: .clusterWide,
            about: "Milliseconds that segments stay local once they are remote; -2: as retention.ms."),
        long(
            "local.retention.bytes", -2, .atLeast(-2), update: .clusterWide,
            about: "Bytes that stay local once they are remote; -2: as retention.bytes."),
        boolean(
            "remote.log.copy.disable", false, update: .clusterWide,
            about: "Whether remote storage takes no more segments."),
        boolean(
            "remote.log.delete.on.disable", false, update: .clusterWide,
            about: "Whether the remote segments are deleted when remote storage is turned off."),
    ]
}
