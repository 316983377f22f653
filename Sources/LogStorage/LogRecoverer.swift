import Bytes
import Files
import Records

/// What the log directory's checkpoint says about the start of one log.
struct CheckpointedStart {
    /// nil where it does not name the log.
    var offset: Int64?
    /// False if there is no checkpoint that can be read.
    var isKnown: Bool
}

/// One run of recovery over a partition's directory.
///
/// 1. Remove what interrupted operations left, complete replacements.
/// 2. Open the segments, trusting nothing of an index but its length and its last entry.
/// 3. Take up the newest producer snapshot that is not past the recovery point.
/// 4. Walk over the headers of all batches behind it: producers, leader epochs, the indexes of these segments. Past the
///    recovery point each checksum is compared, and the log is cut at the first bad batch.
/// 5. Bring indexes and small files to what was found, and make it durable.
struct LogRecoverer {
    let place: LogPlace
    let configuration: LogConfiguration
    let now: Int64
    var events: [LogEvent] = []

    var segments: [Segment] = []
    var producers = ProducerState()
    var epochs = LeaderEpochCache()
    var snapshotOffsets: [Int64] = []
    /// All batches that end before this offset are part of `producers` and `epochs`.
    var replayedTo: Int64 = 0
    /// The leader epochs' file, whose first offset was the log's start when it was written.
    var storedEpochs = LeaderEpochCache()
    /// Where a checkpoint tells the end, or that compaction was no further: no batch behind a gap ends past it.
    var gapLimit: Int64 = .max
    /// Where the first segment begins whose transaction index cannot be read: it is made anew from here.
    var transactionsLostFrom = Int64.max
    /// What the transaction indexes held.
    var transactionChecksums = TransactionChecksums()
    /// The transaction indexes of the segments in front of this one are as they should be.
    var transactionsStoredBefore = 0
    /// The base offset of the first segment that was walked over.
    var replayedFrom = Int64.max
    /// All before was durable.
    var recoveryPoint: Int64 = 0
    var isClean = false
    var checkedBytes: Int64 = 0
    var hasChanged = false

    /// Whether the last stop was a clean one, so that the recovery point is the log's end.
    let wasCleanShutdown: Bool

    init(
        place: LogPlace, configuration: LogConfiguration, now: Int64, wasCleanShutdown: Bool, events: [LogEvent] = []
    ) {
        self.place = place
        self.configuration = configuration
        self.now = now
        self.wasCleanShutdown = wasCleanShutdown
        self.events = events
    }

    mutating func run(
        isClean: Bool, recoveryPoint known: Int64?, start checkpointed: CheckpointedStart
    ) throws(ReadFailure) -> RecoveredLog {
        self.isClean = isClean
        while try !readAll(recoveryPoint: known, start: checkpointed.offset) { beginAgain() }
        try sealDamagedEnd()
        var end = segments[segments.count - 1].nextOffset
        if let known, end < known {
            // The end of a log that was stopped cleanly is missing.
            if isClean { throw .badIndex }
            events.append(.endsBeforeRecoveryPoint(end: end, recoveryPoint: known))
        }
        let logStart = logStart(checkpointed, end: end, recoveryPoint: known)
        if end < logStart {
            events.append(.endsBeforeStart(end: end, start: logStart))
            try beginAnew(at: logStart)
            end = logStart
        } else if logStart == checkpointed.offset {
            try dropSegments(before: logStart)
        }
        try store(end: end, logStart: logStart)
        events.append(.recovered(start: logStart, end: end, checkedBytes: checkedBytes))
        return RecoveredLog(
            configuration: configuration, logStartOffset: logStart, logEndOffset: end, syncedOffset: end,
            events: events,
            segments: SegmentSet(place: place, segments: segments), producers: producers, epochs: epochs,
            snapshotOffsets: snapshotOffsets)
    }

    /// False if segments turned out to be leftovers, by which the others were judged.
    private mutating func readAll(recoveryPoint known: Int64?, start: Int64?) throws(ReadFailure) -> Bool {
        let inventory = try cleanUp()
        try openSegments(inventory, start: start, recoveryPoint: known)
        let firstOffset = segments[0].baseOffset
        // Without a checkpoint nothing is known: the file of the next segment may be there before this one is synced. What
        // lay below the first segment is deleted for good.
        recoveryPoint = max(known ?? (isClean ? segments[segments.count - 1].baseOffset : firstOffset), firstOffset)
        if let known, wasCleanShutdown || !configuration.cleanupPolicy.contains(.compact) { gapLimit = known }
        try loadSnapshot(inventory)
        try loadEpochs()
        return try replay()
    }

    /// Forgets all but what was done to the files: without the leftovers, damage may reach less far, or the log end earlier.
    private mutating func beginAgain() {
        var next = LogRecoverer(
            place: place, configuration: configuration, now: now, wasCleanShutdown: wasCleanShutdown,
            events: events.filter { if case .damaged = $0 { false } else { true } })
        next.isClean = isClean
        next.hasChanged = true
        self = next
    }

    /// Where the log starts. A checkpointed start that the log does not reach is believed only where the recovery point says
    /// that it once did.
    private mutating func logStart(_ checkpointed: CheckpointedStart, end: Int64, recoveryPoint: Int64?) -> Int64 {
        let firstOffset = segments[0].baseOffset
        if let start = checkpointed.offset, start <= max(end, recoveryPoint ?? 0) { return max(start, firstOffset) }
        var start = firstOffset
        if let told = storedEpochs.entries.first?.startOffset, told <= end,
            checkpointed.offset != nil || !checkpointed.isKnown
        {
            start = max(told, firstOffset)
        }
        if let wrong = checkpointed.offset {
            events.append(.startNotBelieved(checkpointed: wrong, end: end, start: start))
        } else if start > firstOffset {
            events.append(.startTakenFromEpochs(start: start))
        }
        return start
    }
}

// MARK: - The directory

extension LogRecoverer {
    private mutating func cleanUp() throws(ReadFailure) -> LogInventory {
        let inventory = try settleReplacements()
        if inventory.leftovers.isEmpty { return inventory }
        for name in inventory.leftovers {
            try disk { () throws(FileError) in try place.fileSystem.removeIfPresent("\(place.directory)/\(name)") }
            if !name.hasSuffix(LogFiles.deletedSuffix) { events.append(.leftoverRemoved(name: name)) }
        }
        hasChanged = true
        return try LogInventory(place)
    }

    func remove(segment base: Int64) throws(ReadFailure) {
        for kind in LogFiles.Kind.allCases where kind != .snapshot {
            try disk { () throws(FileError) in try place.fileSystem.removeIfPresent(place.path(base, kind)) }
        }
    }

    private mutating func openSegments(
        _ inventory: LogInventory, start: Int64?, recoveryPoint: Int64?
    ) throws(ReadFailure) {
        snapshotOffsets = inventory.snapshots
        try loadTransactionChecksums()
        for base in inventory.segments { segments.append(try openSegment(base, inventory)) }
        // What a failed or a reverted roll left: empty, and its place is in front of others.
        for index in segments.indices.dropLast().reversed() where segments[index].isEmpty {
            try remove(segment: segments[index].baseOffset)
            segments.remove(at: index)
            hasChanged = true
        }
        for index in segments.indices.dropLast() {
            segments[index].isSealed = true
            segments[index].nextOffset = segments[index + 1].baseOffset
        }
        if segments.isEmpty {
            let isReached = start ?? 0 <= recoveryPoint ?? 0
            segments = [Segment(baseOffset: isReached ? start ?? 0 : 0, createdAt: now)]
        }
    }

    /// A deletion that the power loss undid, wholly or in part. Each segment is durably gone before the next goes: a hole
    /// would be taken for the log's end. What the walk has noted of their producers is durable before the first goes.
    private mutating func dropSegments(before start: Int64) throws(ReadFailure) {
        guard segments.count > 1, segments[1].baseOffset <= start else { return }
        try disk { () throws(FileError) in try place.fileSystem.syncDirectory(place.directory) }
        while segments.count > 1, segments[1].baseOffset <= start {
            try remove(segment: segments[0].baseOffset)
            try disk { () throws(FileError) in try place.fileSystem.syncDirectory(place.directory) }
            segments.removeFirst()
            hasChanged = true
        }
    }

    private mutating func openSegment(_ base: Int64, _ inventory: LogInventory) throws(ReadFailure) -> Segment {
        var segment = Segment(baseOffset: base, createdAt: now)
        segment.exists = true
        let status = try disk { () throws(FileError) in try place.fileSystem.status(place.path(base, .log)) }
        if let status {
            segment.size = status.size
            segment.createdAt = status.modified
        }
        segment.writtenSize = segment.size
        segment.allocatedSize = segment.size
        segment.verified.end = segment.size
        if inventory.offsetIndexes.contains(base), inventory.timeIndexes.contains(base) {
            do {
                try openIndexes(of: &segment)
            } catch .badIndex {
                segment.hasBadIndexes = true
            }
        } else {
            segment.hasBadIndexes = !segment.isEmpty
        }
        try openTransactionIndex(of: &segment, isThere: inventory.transactionIndexes.contains(base))
        return segment
    }

    private func openIndexes(of segment: inout Segment) throws(ReadFailure) {
        let offsetFile = try segment.openOffsetIndex(place)
        let timeFile = try segment.openTimeIndex(place)
        defer { segment.closeIndexes() }
        segment.offsetIndex = try SparseIndex(reading: offsetFile)
        segment.timeIndex = try SparseIndex(reading: timeFile)
        segment.isNewestTimeConfirmed = segment.isEmpty
        if let last = segment.offsetIndex.last, Int64(last.position) >= segment.size { throw .badIndex }
        if let last = segment.timeIndex.last {
            segment.maxTimestamp = last.timestamp
            segment.maxTimestampOffset = segment.baseOffset + Int64(last.relativeOffset)
            if !isClean { try checkNewestTime(last, of: &segment) }
        }
    }

    /// Retention and look-ups by time rely on the last entry of all. Damage to the log itself is another matter.
    private func checkNewestTime(_ entry: TimeIndexEntry, of segment: inout Segment) throws(ReadFailure) {
        do {
            try segment.check(entry, place, .blocking)
        } catch .damaged {
            return
        }
    }

    /// Runs a call to the disk among functions that fail in other ways, too.
    func disk<Result>(_ body: () throws(FileError) -> Result) throws(ReadFailure) -> Result {
        do {
            return try body()
        } catch {
            throw .file(error)
        }
    }
}

extension SparseIndex {
    /// An index as its file has it, as far as its length and its last entry tell.
    fileprivate init(reading file: any File) throws(ReadFailure) {
        let size: Int64
        do {
            size = try file.size()
        } catch {
            throw .file(error)
        }
        guard size % Int64(Entry.size) == 0 else { throw .badIndex }
        let count = Int(size) / Entry.size
        let last = count == 0 ? nil : try SparseIndex().entries(in: (count - 1)..<count, of: file, .blocking).first
        self.init(storedCount: count, last: last)
    }
}

// MARK: - Producers and epochs

extension LogRecoverer {
    private mutating func loadSnapshot(_ inventory: LogInventory) throws(ReadFailure) {
        replayedTo = segments[0].baseOffset
        for offset in inventory.snapshots.reversed()
        where (offset <= recoveryPoint || isClean) && offset <= transactionsLostFrom {
            let bytes = try disk { () throws(FileError) in try place.fileSystem.readAll(place.path(offset, .snapshot)) }
            if let state = (bytes ?? []).withUnsafeBytes({ ProducerSnapshot.decode($0) }) {
                producers = state
                replayedTo = max(offset, replayedTo)
                return
            }
            try remove(snapshot: offset)
            events.append(.leftoverRemoved(name: LogFiles.name(offset, .snapshot)))
        }
    }

    mutating func remove(snapshot offset: Int64) throws(ReadFailure) {
        try disk { () throws(FileError) in try place.fileSystem.removeIfPresent(place.path(offset, .snapshot)) }
        snapshotOffsets.removeAll { $0 == offset }
    }

    /// Epochs that begin where the walk will come are found there; the file is only needed for those before.
    private mutating func loadEpochs() throws(ReadFailure) {
        let path = "\(place.directory)/\(LogFiles.leaderEpochCheckpoint)"
        let bytes = try disk { () throws(FileError) in try place.fileSystem.readAll(path) }
        if let bytes, let known = LeaderEpochCache.decode(bytes) {
            epochs = known
            storedEpochs = known
            epochs.truncate(from: replayedTo)
        } else if replayedTo > segments[0].baseOffset {
            events.append(.fileRebuilt(name: LogFiles.leaderEpochCheckpoint))
            replayedTo = segments[0].baseOffset
            producers = ProducerState()
        }
    }
}
