/// How one partition's log behaves. Names and defaults are those of Kafka's topic configuration, but for `flushMessages`,
/// which is 1 here: what is acknowledged has been synced.
public struct LogConfiguration: Sendable, Equatable {
    /// `segment.bytes`: a segment is not written past this size.
    public var segmentBytes: Int = 1 << 30
    /// `segment.ms`: the age at which a segment that has data is rolled.
    public var segmentMs: Int64 = 7 * 86_400_000
    /// `segment.jitter.ms`: the most that is taken off `segmentMs`, by log, so that not all logs roll at once.
    public var segmentJitterMs: Int64 = 0
    /// `segment.index.bytes`: the size at which an index is full, which rolls the segment.
    public var segmentIndexBytes: Int = 10 << 20
    /// `index.interval.bytes`: bytes of log between two entries of an index.
    public var indexIntervalBytes: Int = 4096
    /// `retention.ms`; negative is for ever.
    public var retentionMs: Int64 = 7 * 86_400_000
    /// `retention.bytes`; negative is without limit.
    public var retentionBytes: Int64 = -1
    /// `cleanup.policy`
    public var cleanupPolicy: CleanupPolicy = .delete
    /// `flush.messages`: unsynced records at which a sync is due; 1 holds every acknowledgement until its sync.
    public var flushMessages: Int64 = 1
    /// `flush.ms`: the longest that a written record stays unsynced.
    public var flushMs: Int64 = .max
    /// `file.delete.delay.ms`: how long a deleted segment stays on the disk under its `.deleted` name.
    public var fileDeleteDelayMs: Int64 = 60_000
    /// `preallocate`: whether a new segment gets all its room at once rather than in growing steps.
    public var preallocate = false
    /// `delete.retention.ms`: how long compaction keeps a tombstone, counted from the pass that had nothing more to drop for it.
    public var deleteRetentionMs: Int64 = 86_400_000
    /// `min.compaction.lag.ms`: the age that a record must have before it may be compacted.
    public var minCompactionLagMs: Int64 = 0
    /// `max.compaction.lag.ms`: the age at which a record is compacted whatever the ratio.
    public var maxCompactionLagMs: Int64 = .max
    /// `min.cleanable.dirty.ratio`: the part of a log that has to be dirty before it is compacted.
    public var minCleanableDirtyRatio = 0.5
    /// `max.message.bytes`: the largest batch a client may append.
    public var maxMessageBytes: Int = 1_048_588

    public init() {}
}

/// What may be removed from a log that has grown old or large. Both may be set; neither keeps everything.
public struct CleanupPolicy: OptionSet, Sendable, Equatable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let delete = CleanupPolicy(rawValue: 1)
    public static let compact = CleanupPolicy(rawValue: 2)
}

extension LogConfiguration {
    /// The size past which no segment may grow: positions in an index are 32 bits wide.
    var segmentLimit: Int64 { Int64(min(max(segmentBytes, 1), Int(Int32.max))) }

    /// The age at which a segment is rolled: one of a compacted topic must be sealed before its records are overdue.
    var rollMs: Int64 {
        cleanupPolicy.contains(.compact) ? min(segmentMs, max(maxCompactionLagMs, 1)) : segmentMs
    }

    /// Entries of `size` bytes that an index may hold.
    func indexCapacity(entrySize: Int) -> Int { max(segmentIndexBytes / entrySize, 1) }
}
