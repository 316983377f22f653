import Files

/// What a sync left undone because the disk was full. None of it is needed for what is acknowledged; until it is done the
/// log's recovery point stays where it is, so that recovery would make up for it.
public struct SyncRemainder: Sendable, Equatable {
    /// The base offsets of segments whose indexes are not complete.
    var seals: Set<Int64> = []
    var hasLeaderEpochs = false
    /// The offsets of producer snapshots at the beginning of a segment that have no file.
    var snapshots: Set<Int64> = []

    /// Nothing was left undone.
    public static let none = SyncRemainder()
}

/// One sync of a log: what has to be made durable, and the small files that go with it. For the sync thread.
///
/// `perform` does everything. A round over many logs calls `prepare` of each, then syncs the whole file system once, then
/// `finish` of each. A full disk keeps none of them from making the batches durable: what found no room is handed back.
public struct LogSync: Sendable {
    /// The log's recovery point once this is done.
    public let upTo: Int64
    /// Files with writes that are not durable, the oldest segment first.
    public let files: [any File]
    let seals: [SegmentSeal]
    let leaderEpochs: [UInt8]?
    let transactionChecksums: [UInt8]?
    let isDirectoryDirty: Bool
    let snapshots: [WaitingSnapshot]
    let obsoleteSnapshots: [Int64]
    /// The transaction index of the active segment, where a snapshot will tell recovery not to make it anew.
    let transactionIndex: String?
    let place: LogPlace

    /// The directory whose names have to be made durable as well.
    public var directory: String? {
        isDirectoryDirty || leaderEpochs != nil || transactionChecksums != nil ? place.directory : nil
    }

    /// Brings sealed segments into their last form, and answers what found no room.
    public func prepare() throws(FileError) -> SyncRemainder {
        var remainder = SyncRemainder()
        for seal in seals where try !seal.perform(place) { remainder.seals.insert(seal.baseOffset) }
        if let leaderEpochs {
            remainder.hasLeaderEpochs = try !place.fileSystem.replaceIfRoom(
                "\(place.directory)/\(LogFiles.leaderEpochCheckpoint)", with: leaderEpochs, sync: true)
        }
        if let transactionChecksums {
            // Without it nothing is wrong: it only tells of damage.
            _ = try place.fileSystem.replaceIfRoom(
                "\(place.directory)/\(LogFiles.transactionChecksums)", with: transactionChecksums, sync: true)
        }
        return remainder
    }

    /// Makes it durable.
    public func sync(leaving remainder: SyncRemainder) throws(FileError) {
        for file in files { try file.sync() }
        for seal in seals where !remainder.seals.contains(seal.baseOffset) { try seal.sync(place) }
        if let transactionIndex { try place.fileSystem.open(transactionIndex, .readWrite).sync() }
        if let directory, !PlantedBug.namesNotSynced.isOn { try place.fileSystem.syncDirectory(directory) }
    }

    /// Notes the producers as they were at what is durable now. Those at the beginning of a segment are all that will be
    /// known of the producers of deleted segments; nothing depends on the others but the speed of recovery.
    public func finish(leaving remainder: inout SyncRemainder) throws(FileError) {
        let isSynced = !PlantedBug.producerSnapshotNotSynced.isOn
        // Behind a snapshot recovery would not make those indexes anew that are not complete.
        guard remainder.seals.isEmpty else {
            remainder.snapshots.formUnion(snapshots.filter(\.beginsSegment).map(\.offset))
            return
        }
        var hasRoom = true
        for snapshot in snapshots {
            let path = place.path(snapshot.offset, .snapshot)
            if try !place.fileSystem.replaceIfRoom(
                path, with: snapshot.bytes, sync: snapshot.beginsSegment && isSynced)
            {
                hasRoom = false
                if snapshot.beginsSegment { remainder.snapshots.insert(snapshot.offset) }
            }
        }
        if isSynced, snapshots.contains(where: \.beginsSegment) { try place.fileSystem.syncDirectory(place.directory) }
        // The older ones are as good as none newer is there.
        guard hasRoom else { return }
        for offset in obsoleteSnapshots { try place.fileSystem.removeIfPresent(place.path(offset, .snapshot)) }
    }

    public func perform() throws(FileError) -> SyncRemainder {
        var remainder = try prepare()
        try sync(leaving: remainder)
        try finish(leaving: &remainder)
        return remainder
    }
}

/// The last work on a segment that was rolled: its room is trimmed and its indexes are completed.
struct SegmentSeal: Sendable {
    let baseOffset: Int64
    let size: Int64
    let indexWrites: [IndexWrite]

    /// False if the indexes found no room; they are as long as before then.
    func perform(_ place: LogPlace) throws(FileError) -> Bool {
        do {
            // A file that is cut to the length it has gives back the room behind its end.
            try place.fileSystem.open(place.path(baseOffset, .log), .readWrite).truncate(to: size)
            for write in indexWrites { try write.perform(place.fileSystem) }
            return true
        } catch {
            guard error.passes else { throw error }
            for write in indexWrites { try write.takeBack(place.fileSystem) }
            return false
        }
    }

    func sync(_ place: LogPlace) throws(FileError) {
        for write in indexWrites { try place.fileSystem.open(write.path, .readWrite).sync() }
    }
}

extension Log {
    /// Bytes after which the producers are noted again, which bounds what recovery has to walk over.
    static let snapshotInterval: Int64 = 64 << 20

    var isSnapshotDue: Bool { bytesSinceSnapshot >= Log.snapshotInterval }

    /// The sync that is due, nil if there is none or one is under way. `syncCompleted` or `syncFailed` must follow.
    ///
    /// Due is what `flush.messages` and `flush.ms` ask for, and whatever a roll has left.
    public func takeSync(now: Int64) -> LogSync? {
        guard !isSyncInFlight, failure == nil else { return nil }
        let unsynced = writtenOffset - syncedOffset
        var isDue = unsynced >= max(configuration.flushMessages, 1)
        if let oldest = oldestUnsyncedWrite, unsynced > 0, now - oldest >= configuration.flushMs { isDue = true }
        guard isDue || !waitingSnapshots.isEmpty || hasUnnotedStart else { return nil }
        return makeSync(includingActive: isDue)
    }

    private func makeSync(includingActive: Bool) -> LogSync {
        isSyncInFlight = true
        segments.hints.insert(writtenOffset, in: segments.active.baseOffset, at: segments.active.writtenSize)
        let last = segments.segments.count - 1
        var files: [any File] = []
        var seals: [SegmentSeal] = []
        var upTo = writtenOffset
        var hasTransactions = areTransactionsDirty
        for index in segments.segments.indices {
            let segment = segments.segments[index]
            if segment.isDirty, index == last, !includingActive {
                upTo = min(upTo, segment.baseOffset)
                continue
            }
            let isLeftOut = PlantedBug.rollOvertakesSync.isOn && index != last
            if segment.isDirty, !isLeftOut, let log = segment.log { files.append(log) }
            segments.segments[index].isDirty = false
            if segment.needsSealing {
                seals.append(
                    SegmentSeal(
                        baseOffset: segment.baseOffset, size: segment.writtenSize,
                        indexWrites: segment.indexWrites(place))
                )
                hasTransactions = hasTransactions || !segment.abortedTransactions.isEmpty
            }
        }
        if includingActive {
            oldestUnsyncedWrite = nil
            if isSnapshotDue, staged.isEmpty { noteProducers() }
        }
        let snapshots = waitingSnapshots.filter { $0.offset <= upTo }
        waitingSnapshots.removeAll { $0.offset <= upTo }
        let sync = LogSync(
            upTo: upTo, files: files, seals: seals,
            leaderEpochs: areEpochsDirty && !PlantedBug.leaderEpochsNotStored.isOn ? epochs.encode() : nil,
            transactionChecksums: hasTransactions
                ? TransactionChecksums(segments.segments.filter { $0.isSealed || $0.needsSealing }).encode() : nil,
            isDirectoryDirty: isDirectoryDirty, snapshots: snapshots,
            obsoleteSnapshots: obsoleteSnapshots(adding: snapshots.map(\.offset)),
            transactionIndex: snapshots.isEmpty || segments.active.storedAbortedTransactions == 0
                ? nil : place.path(segments.active.baseOffset, .transactionIndex), place: place)
        isDirectoryDirty = false
        areEpochsDirty = false
        areTransactionsDirty = false
        hasUnnotedStart = false
        return sync
    }

    private func noteProducers() {
        waitingSnapshots.append(
            WaitingSnapshot(offset: logEndOffset, bytes: ProducerSnapshot.encode(producers), beginsSegment: false))
        bytesSinceSnapshot = 0
    }

    /// Takes up the offsets of new snapshots. Kept are those at the beginning of a segment and the newest two.
    private func obsoleteSnapshots(adding offsets: [Int64]) -> [Int64] {
        for offset in offsets where !snapshotOffsets.contains(offset) { snapshotOffsets.append(offset) }
        let obsolete = snapshotOffsets.dropLast(2).filter { segments.index(of: $0) == nil }
        snapshotOffsets.removeAll { obsolete.contains($0) }
        return obsolete
    }

    /// The sync is done: what it covers is durable. What it left undone goes with the next one.
    public func syncCompleted(_ sync: LogSync, leaving remainder: SyncRemainder) {
        precondition(isSyncInFlight, "no sync is under way")
        isSyncInFlight = false
        syncedOffset = max(syncedOffset, sync.upTo)
        if remainder == .none { recoveryPoint = syncedOffset }
        if remainder.hasLeaderEpochs { areEpochsDirty = true }
        snapshotOffsets.removeAll { remainder.snapshots.contains($0) }
        waitingSnapshots.insert(contentsOf: sync.snapshots.filter { remainder.snapshots.contains($0.offset) }, at: 0)
        if sync.isDirectoryDirty { areNamesDurable = !isDirectoryDirty }
        for seal in sync.seals where !remainder.seals.contains(seal.baseOffset) {
            guard let index = segments.index(of: seal.baseOffset) else { continue }
            segments.segments[index].sealed()
        }
    }

    /// The sync failed. The kernel may have dropped the pages, so that trying again would prove nothing: the log is fenced.
    public func syncFailed(_ error: FileError) {
        isSyncInFlight = false
        if !PlantedBug.failedSyncForgotten.isOn { fence(error) }
    }

    /// Syncs what is due, on the calling thread.
    public func syncDue(now: Int64) throws(FileError) {
        guard let sync = takeSync(now: now) else { return }
        do {
            syncCompleted(sync, leaving: try sync.perform())
        } catch {
            syncFailed(error)
            throw error
        }
    }

    /// The last sync before a clean stop, after which the log is not used any more: everything is durable, trimmed and
    /// noted. nil if there is nothing to do.
    public func close() -> LogSync? {
        precondition(staged.isEmpty && !isSyncInFlight, "a log is closed between two ticks and two syncs")
        guard failure == nil, logEndOffset > segments.segments[0].baseOffset || segments.active.exists else {
            return nil
        }
        if PlantedBug.closedBeforeLastSync.isOn { return nil }
        segments.active.addTimeIndexEntry()
        let isNoted = snapshotOffsets.last == logEndOffset && syncedOffset == logEndOffset && waitingSnapshots.isEmpty
        if isNoted, !areEpochsDirty, !areTransactionsDirty, !segments.active.hasPendingIndexEntries { return nil }
        segments.active.needsSealing = segments.active.exists
        if snapshotOffsets.last != logEndOffset { noteProducers() }
        return makeSync(includingActive: true)
    }
}

extension Segment {
    fileprivate mutating func sealed() {
        needsSealing = false
        allocatedSize = writtenSize
        offsetIndex.stored(offsetIndex.pending.count)
        timeIndex.stored(timeIndex.pending.count)
        storedAbortedTransactions = abortedTransactions.count
        closeIndexes()
    }
}
