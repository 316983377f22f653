/// What happens to a topic's old data.
public struct CleanupPolicy: OptionSet, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let delete = CleanupPolicy(rawValue: 1)
    public static let compact = CleanupPolicy(rawValue: 2)
}

/// In which codec a topic's batches are stored. The raw values are Kafka's names.
public enum TopicCompression: String, Sendable {
    /// As the producer sent them.
    case producer
    case uncompressed
    case gzip
    case snappy
    case lz4
    case zstd
}

/// Whose clock a record's timestamp is. The raw values are Kafka's names.
public enum MessageTimestampType: String, Sendable {
    case createTime = "CreateTime"
    case logAppendTime = "LogAppendTime"
}

/// Every setting of one topic, typed. Sizes are bytes, times milliseconds; nil means no limit.
public struct TopicConfiguration: Sendable, Equatable {
    public private(set) var cleanupPolicy: CleanupPolicy = []
    public private(set) var retentionMilliseconds: Int64?
    public private(set) var retentionBytes: Int64?
    public private(set) var segmentBytes = 0
    public private(set) var segmentMilliseconds: Int64 = 0
    public private(set) var segmentJitterMilliseconds: Int64 = 0
    public private(set) var segmentIndexBytes = 0
    public private(set) var indexIntervalBytes = 0
    public private(set) var fileDeleteDelayMilliseconds: Int64 = 0
    /// 1: what is acknowledged is synced.
    public private(set) var flushMessages: Int64 = 0
    public private(set) var flushMilliseconds: Int64 = 0
    public private(set) var preallocate = false
    public private(set) var maxMessageBytes = 0
    public private(set) var compressionType = TopicCompression.producer
    /// -1: the library's own.
    public private(set) var gzipLevel: Int32 = 0
    public private(set) var lz4Level: Int32 = 0
    public private(set) var zstdLevel: Int32 = 0
    public private(set) var messageTimestampType = MessageTimestampType.createTime
    public private(set) var messageTimestampBeforeMaxMilliseconds: Int64 = 0
    public private(set) var messageTimestampAfterMaxMilliseconds: Int64 = 0
    public private(set) var deleteRetentionMilliseconds: Int64 = 0
    public private(set) var minCompactionLagMilliseconds: Int64 = 0
    public private(set) var maxCompactionLagMilliseconds: Int64 = 0
    public private(set) var minCleanableDirtyRatio = 0.0
    public private(set) var minInSyncReplicas = 0
    public private(set) var uncleanLeaderElectionEnabled = false
    public private(set) var leaderThrottledReplicas: [String] = []
    public private(set) var followerThrottledReplicas: [String] = []
    public private(set) var remoteStorageEnabled = false
    /// -2: as `retentionMilliseconds`.
    public private(set) var localRetentionMilliseconds: Int64 = 0
    /// -2: as `retentionBytes`.
    public private(set) var localRetentionBytes: Int64 = 0
    public private(set) var remoteLogCopyDisabled = false
    public private(set) var remoteLogDeleteOnDisable = false

    /// The defaults of the table.
    public static let standard: TopicConfiguration = {
        var configuration = TopicConfiguration()
        for key in TopicKey.allCases {
            guard let value = key.definition.defaultValue else { preconditionFailure("\(key.name) has no default") }
            configuration.set(key, to: value)
        }
        return configuration
    }()

    private init() {}

    /// `value` must be one that the key's definition gave.
    mutating func set(_ key: TopicKey, to value: ConfigurationValue) {
        switch key {
        case .cleanupPolicy: cleanupPolicy = CleanupPolicy(names: value.list)
        case .retentionMs: retentionMilliseconds = value.limit
        case .retentionBytes: retentionBytes = value.limit
        case .segmentBytes: segmentBytes = Int(value.integer)
        case .segmentMs: segmentMilliseconds = value.integer
        case .segmentJitterMs: segmentJitterMilliseconds = value.integer
        case .segmentIndexBytes: segmentIndexBytes = Int(value.integer)
        case .indexIntervalBytes: indexIntervalBytes = Int(value.integer)
        case .fileDeleteDelayMs: fileDeleteDelayMilliseconds = value.integer
        case .flushMessages: flushMessages = value.integer
        case .flushMs: flushMilliseconds = value.integer
        case .preallocate: preallocate = value.boolean
        case .maxMessageBytes: maxMessageBytes = Int(value.integer)
        case .compressionType: compressionType = TopicCompression(rawValue: value.text) ?? .producer
        case .compressionGzipLevel: gzipLevel = Int32(clamping: value.integer)
        case .compressionLz4Level: lz4Level = Int32(clamping: value.integer)
        case .compressionZstdLevel: zstdLevel = Int32(clamping: value.integer)
        case .messageTimestampType:
            messageTimestampType = MessageTimestampType(rawValue: value.text) ?? .createTime
        case .messageTimestampBeforeMaxMs: messageTimestampBeforeMaxMilliseconds = value.integer
        case .messageTimestampAfterMaxMs: messageTimestampAfterMaxMilliseconds = value.integer
        case .deleteRetentionMs: deleteRetentionMilliseconds = value.integer
        case .minCompactionLagMs: minCompactionLagMilliseconds = value.integer
        case .maxCompactionLagMs: maxCompactionLagMilliseconds = value.integer
        case .minCleanableDirtyRatio: minCleanableDirtyRatio = value.double
        case .minInSyncReplicas: minInSyncReplicas = Int(value.integer)
        case .uncleanLeaderElectionEnable: uncleanLeaderElectionEnabled = value.boolean
        case .leaderReplicationThrottledReplicas: leaderThrottledReplicas = value.list
        case .followerReplicationThrottledReplicas: followerThrottledReplicas = value.list
        case .remoteStorageEnable: remoteStorageEnabled = value.boolean
        case .localRetentionMs: localRetentionMilliseconds = value.integer
        case .localRetentionBytes: localRetentionBytes = value.integer
        case .remoteLogCopyDisable: remoteLogCopyDisabled = value.boolean
        case .remoteLogDeleteOnDisable: remoteLogDeleteOnDisable = value.boolean
        }
    }

    /// This configuration with a topic's own settings over it. What is not a key or not allowed is left out: it was
    /// checked when it was stored, and a later version's keys must not stop an earlier one.
    public func overridden(by overrides: [String: String]) -> TopicConfiguration {
        var configuration = self
        for (name, text) in overrides {
            guard let key = TopicKey(rawValue: name), let value = try? key.definition.parse(text) else { continue }
            configuration.set(key, to: value)
        }
        return configuration
    }
}

extension CleanupPolicy {
    init(names: [String]) {
        self = []
        if names.contains("delete") { insert(.delete) }
        if names.contains("compact") { insert(.compact) }
    }
}

extension ConfigurationValue {
    /// A number of which the negative ones mean no limit.
    var limit: Int64? { integer < 0 ? nil : integer }
}
