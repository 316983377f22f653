/// A key of a topic; the raw value is its name.
public enum TopicKey: String, CaseIterable, Sendable {
    case cleanupPolicy = "cleanup.policy"
    case compressionGzipLevel = "compression.gzip.level"
    case compressionLz4Level = "compression.lz4.level"
    case compressionType = "compression.type"
    case compressionZstdLevel = "compression.zstd.level"
    case deleteRetentionMs = "delete.retention.ms"
    case fileDeleteDelayMs = "file.delete.delay.ms"
    case flushMessages = "flush.messages"
    case flushMs = "flush.ms"
    case followerReplicationThrottledReplicas = "follower.replication.throttled.replicas"
    case indexIntervalBytes = "index.interval.bytes"
    case leaderReplicationThrottledReplicas = "leader.replication.throttled.replicas"
    case localRetentionBytes = "local.retention.bytes"
    case localRetentionMs = "local.retention.ms"
    case maxCompactionLagMs = "max.compaction.lag.ms"
    case maxMessageBytes = "max.message.bytes"
    case messageTimestampAfterMaxMs = "message.timestamp.after.max.ms"
    case messageTimestampBeforeMaxMs = "message.timestamp.before.max.ms"
    case messageTimestampType = "message.timestamp.type"
    case minCleanableDirtyRatio = "min.cleanable.dirty.ratio"
    case minCompactionLagMs = "min.compaction.lag.ms"
    case minInSyncReplicas = "min.insync.replicas"
    case preallocate
    case remoteLogCopyDisable = "remote.log.copy.disable"
    case remoteLogDeleteOnDisable = "remote.log.delete.on.disable"
    case remoteStorageEnable = "remote.storage.enable"
    case retentionBytes = "retention.bytes"
    case retentionMs = "retention.ms"
    case segmentBytes = "segment.bytes"
    case segmentIndexBytes = "segment.index.bytes"
    case segmentJitterMs = "segment.jitter.ms"
    case segmentMs = "segment.ms"
    case uncleanLeaderElectionEnable = "unclean.leader.election.enable"
}

extension TopicKey {
    public var name: String { rawValue }

    /// Type, default, range and documentation.
    public var definition: ConfigurationKey { TopicKey.definitions[self].unsafelyUnwrapped }

    /// A broker's key that sets the default of a topic's key.
    public struct BrokerKey: Sendable {
        public let name: String
        /// Milliseconds in one of the broker key's unit; 1 when the units are the same.
        let factor: Int64
    }

    /// The broker keys that set this one's default, strongest first.
    public var brokerKeys: [BrokerKey] {
        switch self {
        case .cleanupPolicy: [.same("log.cleanup.policy")]
        case .compressionGzipLevel, .compressionLz4Level, .compressionType, .compressionZstdLevel: [.same(name)]
        case .deleteRetentionMs: [.same("log.cleaner.delete.retention.ms")]
        case .fileDeleteDelayMs: [.same("log.segment.delete.delay.ms")]
        case .flushMessages: [.same("log.flush.interval.messages")]
        case .flushMs: [.same("log.flush.interval.ms"), .same("log.flush.scheduler.interval.ms")]
        case .indexIntervalBytes: [.same("log.index.interval.bytes")]
        case .localRetentionBytes: [.same("log.local.retention.bytes")]
        case .localRetentionMs: [.same("log.local.retention.ms")]
        case .maxCompactionLagMs: [.same("log.cleaner.max.compaction.lag.ms")]
        case .maxMessageBytes: [.same("message.max.bytes")]
        case .messageTimestampAfterMaxMs: [.same("log.message.timestamp.after.max.ms")]
        case .messageTimestampBeforeMaxMs: [.same("log.message.timestamp.before.max.ms")]
        case .messageTimestampType: [.same("log.message.timestamp.type")]
        case .minCleanableDirtyRatio: [.same("log.cleaner.min.cleanable.ratio")]
        case .minCompactionLagMs: [.same("log.cleaner.min.compaction.lag.ms")]
        case .minInSyncReplicas, .uncleanLeaderElectionEnable: [.same(name)]
        case .preallocate: [.same("log.preallocate")]
        case .retentionBytes: [.same("log.retention.bytes")]
        case .retentionMs:
            [.same("log.retention.ms"), .minutes("log.retention.minutes"), .hours("log.retention.hours")]
        case .segmentBytes: [.same("log.segment.bytes")]
        case .segmentIndexBytes: [.same("log.index.size.max.bytes")]
        case .segmentJitterMs: [.same("log.roll.jitter.ms"), .hours("log.roll.jitter.hours")]
        case .segmentMs: [.same("log.roll.ms"), .hours("log.roll.hours")]
        case .followerReplicationThrottledReplicas, .leaderReplicationThrottledReplicas, .remoteLogCopyDisable,
            .remoteLogDeleteOnDisable, .remoteStorageEnable:
            []
        }
    }
}

extension TopicKey.BrokerKey {
    static func same(_ name: String) -> Self { Self(name: name, factor: 1) }
    static func minutes(_ name: String) -> Self { Self(name: name, factor: 60_000) }
    static func hours(_ name: String) -> Self { Self(name: name, factor: 3_600_000) }

    /// The broker's value in the topic key's unit. A negative number of hours stays -1: no limit.
    func topicText(of value: String) -> String {
        guard factor != 1, let number = Int64(value.trimmed) else { return value }
        if number < 0 { return "-1" }
        let product = number.multipliedReportingOverflow(by: factor)
        return String(product.overflow ? Int64.max : product.partialValue)
    }
}
