import Files
import Records

/// The log of one partition: its segments, its producers and its leader epochs, owned by one shard.
///
/// It decides and keeps count; the bytes go to the disk by the values that it hands out. The life of a batch:
/// `append` stages it, `takeWrite` → `LogWrite.perform` → `writeCompleted` puts it into the file, `takeSync` →
/// `LogSync.perform` → `syncCompleted` makes it durable. Whatever is staged is borrowed until the end of the tick.
///
/// `logStartOffset` ≤ `syncedOffset` ≤ `writtenOffset` ≤ `logEndOffset`, but that deleting records may move the start past
/// what is synced.
public final class Log {
    /// The partition's directory.
    public var directory: String { place.directory }
    public internal(set) var configuration: LogConfiguration

    /// The first offset that readers may ask for.
    public internal(set) var logStartOffset: Int64
    /// The offset that the next record gets.
    public internal(set) var logEndOffset: Int64
    /// All records below are in the file, and can be read.
    public internal(set) var writtenOffset: Int64
    /// All records below survive a power loss.
    public internal(set) var syncedOffset: Int64
    /// Recovery need not look below: everything there is durable, and so are the small files that speak of it. Behind
    /// `syncedOffset` only after a sync that met a full disk.
    public internal(set) var recoveryPoint: Int64
    /// Whether `retire` was called.
    public private(set) var isRetired = false
    /// The error after which the log takes no more writes.
    public internal(set) var failure: FileError?

    var segments: SegmentSet
    var producers: ProducerState
    var epochs: LeaderEpochCache

    var staged: [StagedWrite] = []
    /// A write was taken that is neither completed nor failed.
    public internal(set) var isWriteInFlight = false
    var indexFlush: IndexFlush?
    var isSyncInFlight = false
    /// Snapshots of the producers that wait for the sync of what they stand for.
    var waitingSnapshots: [WaitingSnapshot] = []
    /// The offsets that name snapshot files, lowest first.
    var snapshotOffsets: [Int64]
    var isDirectoryDirty = false
    /// Whether the names of all segments were synced.
    var areNamesDurable = true
    var areEpochsDirty = false
    /// Whether compaction changed transaction indexes since their checksums were written.
    var areTransactionsDirty = false
    /// Whether records were deleted since the leader epochs were written.
    var hasUnnotedStart = false
    var bytesSinceSnapshot: Int64 = 0
    /// When a write was completed that no sync covers yet.
    var oldestUnsyncedWrite: Int64?
    /// Rises whenever offsets or files that a running job may have seen are gone.
    var generation: UInt64 = 0
    /// Whether a pass of compaction is under way, which holds all segments in their places.
    public internal(set) var isCompacting = false
    /// All below was compacted, as the directory's checkpoint knows it.
    public internal(set) var cleanedOffset: Int64

    /// Takes up the log that recovery found.
    public init(_ recovered: RecoveredLog) {
        configuration = recovered.configuration
        logStartOffset = recovered.logStartOffset
        logEndOffset = recovered.logEndOffset
        writtenOffset = recovered.logEndOffset
        syncedOffset = recovered.syncedOffset
        recoveryPoint = recovered.syncedOffset
        segments = recovered.segments
        producers = recovered.producers
        epochs = recovered.epochs
        snapshotOffsets = recovered.snapshotOffsets
        cleanedOffset = recovered.cleanedOffset
    }

    var place: LogPlace { segments.place }

    /// Bytes of all segments, staged ones included.
    public var size: Int64 { segments.size }

    public var segmentCount: Int { segments.segments.count }

    /// The offset up to which a producer may be answered, by the class of durability that the topic has.
    public var acknowledgeableOffset: Int64 {
        if PlantedBug.acknowledgedBeforeSync.isOn { return writtenOffset }
        return configuration.flushMessages <= 1 ? syncedOffset : writtenOffset
    }

    /// Puts a changed configuration into force, from the next append on.
    public func configure(_ configuration: LogConfiguration) { self.configuration = configuration }

    /// Ends the log of a partition that is gone: nothing more is written or synced, but a write or sync that is under way
    /// may still be reported.
    public func retire() {
        isRetired = true
        fence(FileError("write", directory, code: 2))
        if isWriteInFlight { staged.removeLast(staged.count - 1) } else { staged.removeAll() }
    }

    /// Stops all writes: a write or sync in the log's directory has failed, and only recovery can tell what is on the disk.
    public func fence(_ error: FileError) { if failure == nil { failure = error } }
}

// MARK: - Producers and transactions

extension Log {
    /// What `DescribeProducers` tells about a producer.
    public struct Producer: Sendable, Equatable {
        public var id: Int64
        public var epoch: Int16
        /// -1 if it has only ever ended transactions here.
        public var lastSequence: Int32
        /// Milliseconds since 1970.
        public var lastTimestamp: Int64
        public var coordinatorEpoch: Int32
        /// The first offset of the transaction that is open.
        public var transactionStart: Int64?
    }

    /// All producers that the log knows, by id.
    public var activeProducers: [Producer] {
        producers.entries.map { id, entry in
            Producer(
                id: id, epoch: entry.epoch, lastSequence: entry.batches.last?.lastSequence ?? -1,
                lastTimestamp: entry.lastTimestamp, coordinatorEpoch: entry.coordinatorEpoch,
                transactionStart: entry.transactionStart)
        }.sorted { $0.id < $1.id }
    }

    /// How many producers the log knows.
    public var producerCount: Int { producers.entries.count }

    /// Forgets producers silent for `limit` milliseconds (`producer.id.expiration.ms`) that have no transaction open.
    public func expireProducers(now: Int64, after limit: Int64) { producers.expire(now: now, after: limit) }

    /// The end of what readers of committed records may see, given the high watermark.
    public func lastStableOffset(highWatermark: Int64) -> Int64 {
        min(producers.firstUnstableOffset ?? highWatermark, highWatermark)
    }

    /// Records below are on all replicas in sync, so that the transactions that ended there are settled.
    public func highWatermarkAdvanced(to highWatermark: Int64) { producers.highWatermarkAdvanced(to: highWatermark) }

    /// The aborted transactions of which a reader of this range may meet records, by first offset.
    public func abortedTransactions(from offset: Int64, to bound: Int64) -> [AbortedTransaction] {
        var found: [AbortedTransaction] = []
        search: for segment in segments.segments[segments.index(containing: offset)...] {
            for transaction in segment.abortedTransactions {
                if transaction.lastOffset >= offset, transaction.firstOffset < bound { found.append(transaction) }
                if transaction.lastStableOffset >= bound { break search }
            }
        }
        return found.sorted { $0.firstOffset < $1.firstOffset }
    }
}

// MARK: - Leader epochs

extension Log {
    /// The epoch of the newest record, nil for an empty log.
    public var latestLeaderEpoch: Int32? { epochs.latest?.epoch }

    /// The largest epoch not above `epoch`, and the offset at which it ended; nil if `epoch` is newer than all records.
    public func offset(forLeaderEpoch epoch: Int32) -> (epoch: Int32, endOffset: Int64)? {
        epochs.end(of: epoch, logEndOffset: logEndOffset)
    }

    /// The epoch in which the record at `offset` was written.
    public func leaderEpoch(at offset: Int64) -> Int32? { epochs.epoch(at: offset) }
}
