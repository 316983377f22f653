import Files
import Records

/// A log file with its indexes: what is known of it in memory. The last segment of a log is its active one.
struct Segment: Sendable {
    let baseOffset: Int64
    /// The offset after the last batch, staged ones included.
    var nextOffset: Int64
    /// Bytes of all batches, staged ones included.
    var size: Int64 = 0
    /// Bytes of `size` that are in the file.
    var writtenSize: Int64 = 0
    /// Room that was reserved on the disk.
    var allocatedSize: Int64 = 0
    /// Milliseconds since 1970; the rolling age of a segment without timestamps counts from here.
    var createdAt: Int64
    /// The timestamp of the first batch.
    var firstTimestamp: Int64?
    /// The largest timestamp and the last offset of the first batch that has it; -1 where there is none.
    var maxTimestamp: Int64 = -1
    var maxTimestampOffset: Int64 = -1
    /// False while these two are only what the time index says.
    var isNewestTimeConfirmed = true
    var bytesSinceIndexEntry = 0

    var offsetIndex = SparseIndex<OffsetIndexEntry>()
    var timeIndex = SparseIndex<TimeIndexEntry>()
    /// By the offset of the marker.
    var abortedTransactions: [AbortedTransaction] = []
    var storedAbortedTransactions = 0

    var verified = VerifiedBlocks()
    var damage: [DamagedRange] = []

    /// Whether another segment follows, so that nothing is appended any more.
    var isSealed = false
    /// Whether the file exists under its name.
    var exists = false
    /// Whether recovery found that its index files do not fit and has to make them anew.
    var hasBadIndexes = false
    /// Whether bytes were written that no sync covers.
    var isDirty = false
    /// Whether it was rolled and its indexes, its room and its producer snapshot are still to be put in order.
    var needsSealing = false
    /// Whether it came from compaction and its files get their names just now: they stay open, as nobody could open them.
    var isBeingNamed = false
    var log: (any File)?
    var offsetIndexFile: (any File)?
    var timeIndexFile: (any File)?

    init(baseOffset: Int64, createdAt: Int64) {
        self.baseOffset = baseOffset
        nextOffset = baseOffset
        self.createdAt = createdAt
    }

    var isEmpty: Bool { size == 0 }

    /// No batch ends past it. Until recovery has gone through the last segment, nothing tells where that ends.
    var offsetLimit: Int64 { isSealed || nextOffset > baseOffset ? min(nextOffset, reach) : reach }

    /// An index has no room for later offsets: with them a new segment begins.
    var reach: Int64 {
        let (end, overflow) = baseOffset.addingReportingOverflow(Int64(UInt32.max) + 1)
        return overflow ? .max : end
    }

    /// What a time index without all its entries would not tell: the largest timestamp, else the time of creation.
    var retentionTimestamp: Int64 { maxTimestamp >= 0 ? maxTimestamp : createdAt }

    func relative(_ offset: Int64) -> UInt32? { UInt32(exactly: offset - baseOffset) }
}

// MARK: - Taking in batches

extension Segment {
    /// Notes a batch that begins at `position`, the end of all before it.
    mutating func add(_ header: RecordBatchHeader, at position: Int64, indexInterval: Int) {
        // The header of a batch that compaction emptied has the time of a record that is gone.
        if header.recordCount > 0 { note(header.maxTimestamp, at: header.lastOffset) }
        if bytesSinceIndexEntry > indexInterval, let relativeOffset = relative(header.lastOffset),
            let position = UInt32(exactly: position)
        {
            offsetIndex.append(OffsetIndexEntry(relativeOffset: relativeOffset, position: position))
            addTimeIndexEntry()
            bytesSinceIndexEntry = 0
        }
        bytesSinceIndexEntry += header.totalSize
        nextOffset = header.nextOffset
        size = position + Int64(header.totalSize)
    }

    private mutating func note(_ timestamp: Int64, at offset: Int64) {
        if firstTimestamp == nil { firstTimestamp = timestamp }
        guard timestamp > maxTimestamp else { return }
        maxTimestamp = timestamp
        maxTimestampOffset = offset
    }

    /// Notes the largest timestamp so far, if it is larger than that of the last entry.
    mutating func addTimeIndexEntry() {
        guard maxTimestamp >= 0, maxTimestamp > timeIndex.last?.timestamp ?? -1,
            let relativeOffset = relative(maxTimestampOffset)
        else { return }
        timeIndex.append(TimeIndexEntry(timestamp: maxTimestamp, relativeOffset: relativeOffset))
    }

    /// What taking in batches changes.
    struct Tail {
        fileprivate var nextOffset: Int64
        fileprivate var size: Int64
        fileprivate var firstTimestamp: Int64?
        fileprivate var maxTimestamp: Int64
        fileprivate var maxTimestampOffset: Int64
        fileprivate var bytesSinceIndexEntry: Int
        fileprivate var offsetIndex: SparseIndex<OffsetIndexEntry>.Mark
        fileprivate var timeIndex: SparseIndex<TimeIndexEntry>.Mark
        fileprivate var abortedCount: Int
    }

    var tail: Tail {
        Tail(
            nextOffset: nextOffset, size: size, firstTimestamp: firstTimestamp, maxTimestamp: maxTimestamp,
            maxTimestampOffset: maxTimestampOffset, bytesSinceIndexEntry: bytesSinceIndexEntry,
            offsetIndex: offsetIndex.mark, timeIndex: timeIndex.mark, abortedCount: abortedTransactions.count)
    }

    mutating func revert(to tail: Tail) {
        nextOffset = tail.nextOffset
        size = tail.size
        firstTimestamp = tail.firstTimestamp
        maxTimestamp = tail.maxTimestamp
        maxTimestampOffset = tail.maxTimestampOffset
        bytesSinceIndexEntry = tail.bytesSinceIndexEntry
        offsetIndex.revert(to: tail.offsetIndex)
        timeIndex.revert(to: tail.timeIndex)
        abortedTransactions.removeLast(abortedTransactions.count - tail.abortedCount)
    }
}

// MARK: - Files

extension Segment {
    /// Descriptors that it holds.
    var openFiles: Int { (log == nil ? 0 : 1) + (offsetIndexFile == nil ? 0 : 1) + (timeIndexFile == nil ? 0 : 1) }

    mutating func closeFiles() {
        if isBeingNamed { return }
        log = nil
        closeIndexes()
    }

    mutating func closeIndexes() {
        if isBeingNamed { return }
        offsetIndexFile = nil
        timeIndexFile = nil
    }

    mutating func openLog(_ place: LogPlace) throws(ReadFailure) -> any File {
        if let log { return log }
        let file = try place.open(baseOffset, .log, .readWrite)
        log = file
        return file
    }

    mutating func openOffsetIndex(_ place: LogPlace) throws(ReadFailure) -> any File {
        if let offsetIndexFile { return offsetIndexFile }
        let file = try place.open(baseOffset, .offsetIndex, .readWrite)
        offsetIndexFile = file
        return file
    }

    mutating func openTimeIndex(_ place: LogPlace) throws(ReadFailure) -> any File {
        if let timeIndexFile { return timeIndexFile }
        let file = try place.open(baseOffset, .timeIndex, .readWrite)
        timeIndexFile = file
        return file
    }
}

/// Where a log's files are.
struct LogPlace: Sendable {
    let directory: String
    let fileSystem: any FileSystem

    func path(_ offset: Int64, _ kind: LogFiles.Kind) -> String { LogFiles.path(directory, offset, kind) }

    /// The path of a file that is not in use under its own name.
    func path(_ offset: Int64, _ kind: LogFiles.Kind, _ suffix: String) -> String { path(offset, kind) + suffix }

    /// EIO of the directory as a whole.
    var unreadable: FileError { FileError("read", directory, code: 5) }

    func open(_ offset: Int64, _ kind: LogFiles.Kind, _ mode: OpenMode) throws(ReadFailure) -> any File {
        do {
            return try fileSystem.open(path(offset, kind), mode)
        } catch {
            throw .file(error)
        }
    }
}
