import Configuration
import LogStorage
import Records

/// A topic's configuration in the forms in which the parts of a partition read it.
struct PartitionRules {
    let verification: VerificationRules
    /// The codec that the topic keeps its batches in; nil: as the producer sent them.
    let compression: Compression?
    let compressionLevel: Int?
    let log: LogConfiguration
    var flushMessages: Int64 { log.flushMessages }

    init(_ topic: TopicConfiguration, logs: BrokerConfiguration.Logs) {
        var verification = VerificationRules()
        verification.maximumBatchSize = topic.maxMessageBytes
        verification.timestampType = topic.messageTimestampType == .logAppendTime ? .logAppendTime : .createTime
        verification.timestampBeforeMaxMs = topic.messageTimestampBeforeMaxMilliseconds
        verification.timestampAfterMaxMs = topic.messageTimestampAfterMaxMilliseconds
        verification.requiresKeys = topic.cleanupPolicy.contains(.compact)
        verification.verifiesCompressed = logs.verifiesCompressed
        verification.maximumDecompressedSize = logs.maximumDecompressedBytes
        self.verification = verification
        (compression, compressionLevel) = PartitionRules.codec(topic)
        log = PartitionRules.log(topic)
    }

    private static func codec(_ topic: TopicConfiguration) -> (Compression?, Int?) {
        switch topic.compressionType {
        case .producer: (nil, nil)
        case .uncompressed: (Compression.none, nil)
        case .gzip: (.gzip, Int(topic.gzipLevel))
        case .snappy: (.snappy, nil)
        case .lz4: (.lz4, Int(topic.lz4Level))
        case .zstd: (.zstd, Int(topic.zstdLevel))
        }
    }

    private static func log(_ topic: TopicConfiguration) -> LogConfiguration {
        var log = LogConfiguration()
        log.segmentBytes = topic.segmentBytes
        log.segmentMs = topic.segmentMilliseconds
        log.segmentJitterMs = topic.segmentJitterMilliseconds
        log.segmentIndexBytes = topic.segmentIndexBytes
        log.indexIntervalBytes = topic.indexIntervalBytes
        log.retentionMs = topic.retentionMilliseconds ?? -1
        log.retentionBytes = topic.retentionBytes ?? -1
        log.cleanupPolicy = []
        if topic.cleanupPolicy.contains(.delete) { log.cleanupPolicy.insert(.delete) }
        if topic.cleanupPolicy.contains(.compact) { log.cleanupPolicy.insert(.compact) }
        log.deleteRetentionMs = topic.deleteRetentionMilliseconds
        log.minCompactionLagMs = topic.minCompactionLagMilliseconds
        log.maxCompactionLagMs = topic.maxCompactionLagMilliseconds
        log.minCleanableDirtyRatio = topic.minCleanableDirtyRatio
        log.flushMessages = topic.flushMessages
        log.flushMs = topic.flushMilliseconds
        log.fileDeleteDelayMs = topic.fileDeleteDelayMilliseconds
        log.preallocate = topic.preallocate
        log.maxMessageBytes = topic.maxMessageBytes
        return log
    }
}
