import Files

/// Why a segment is deleted.
public enum DeletionReason: Sendable, Equatable {
    /// Its newest record is older than `retention.ms`.
    case time
    /// The log is larger than `retention.bytes`.
    case size
    /// All its records lie before the log's start.
    case startOffset
}

/// A segment that was taken out of a log.
public struct DeletedSegment: Sendable, Equatable {
    public var baseOffset: Int64
    public var nextOffset: Int64
    /// Bytes.
    public var size: Int64
    public var reason: DeletionReason
}

/// The files of deleted segments, for the blocking pool: `rename` soon, `remove` after `delayMs`.
public struct SegmentDeletion: Sendable {
    public let segments: [DeletedSegment]
    /// `file.delete.delay.ms`
    public let delayMs: Int64
    let snapshots: [Int64]
    /// The producers as they were where the log begins now, if no file has them yet.
    let newSnapshot: WaitingSnapshot?
    /// Where the log's first segment begins now.
    let firstSegment: Int64
    /// The active segment, if it has no file that would keep the log's end.
    let emptySegment: Int64?
    let place: LogPlace

    /// Gives the files their `.deleted` names, the oldest segment first. Each is durably gone before the next goes, so that
    /// a power loss leaves no hole; for the same reason the deletions of one log are performed in their order.
    ///
    /// What has to be written before takes some room. Where there is none, what the segments have reserved goes first, and
    /// their offset and time indexes, which recovery makes anew. When that does not do either, nothing was renamed and it
    /// can be tried again.
    public func rename() throws(FileError) {
        do throws(FileError) {
            try prepare()
        } catch {
            guard error.isOutOfSpace else { throw error }
            try makeRoom()
            try prepare()
        }
        for segment in segments {
            for path in paths(of: segment) { try rename(path) }
            try place.fileSystem.syncDirectory(place.directory)
        }
        for path in snapshotPaths { try rename(path) }
    }

    private func prepare() throws(FileError) {
        if let emptySegment { _ = try place.fileSystem.open(place.path(emptySegment, .log), .readWriteCreate) }
        try keepProducers()
        try place.fileSystem.syncDirectory(place.directory)
    }

    private func makeRoom() throws(FileError) {
        for segment in segments {
            for kind in [LogFiles.Kind.offsetIndex, .timeIndex] {
                try place.fileSystem.removeIfPresent(place.path(segment.baseOffset, kind))
            }
            let path = place.path(segment.baseOffset, .log)
            guard try place.fileSystem.status(path) != nil else { continue }
            let file = try place.fileSystem.open(path, .readWrite)
            try file.truncate(to: try file.size())
        }
    }

    /// What the segments alone tell of their producers has to be on the disk before they go.
    private func keepProducers() throws(FileError) {
        let path = place.path(firstSegment, .snapshot)
        if let newSnapshot { return try place.fileSystem.replace(path, with: newSnapshot.bytes, sync: true) }
        do {
            try place.fileSystem.open(path, .readWrite).sync()
        } catch {
            if !error.isMissing { throw error }
        }
    }

    private func rename(_ path: String) throws(FileError) {
        do {
            try place.fileSystem.rename(path, to: path + LogFiles.deletedSuffix)
        } catch {
            if !error.isMissing { throw error }
        }
    }

    public func remove() throws(FileError) {
        for path in segments.flatMap(paths) + snapshotPaths {
            try place.fileSystem.removeIfPresent(path + LogFiles.deletedSuffix)
        }
    }

    private func paths(of segment: DeletedSegment) -> [String] {
        [LogFiles.Kind.log, .offsetIndex, .timeIndex, .transactionIndex].map { place.path(segment.baseOffset, $0) }
    }

    private var snapshotPaths: [String] { snapshots.map { place.path($0, .snapshot) } }
}

extension Log {
    /// Makes sure of the times by which `enforceRetention` goes: it lets no segment go by its time whose time index was not
    /// compared with the records. To be asked before, and to be waited for.
    public func confirmTimes(now: Int64) -> Consulted<Void> {
        guard configuration.cleanupPolicy.contains(.delete), configuration.retentionMs >= 0,
            segments.segments.first?.isSealed == true
        else { return .answer(()) }
        let (limit, overflow) = now.subtractingReportingOverflow(configuration.retentionMs)
        if overflow { return .answer(()) }
        return consult { (segments, mode) throws(ReadFailure) in try segments.confirmTimes(before: limit, mode) }
    }

    /// Takes out what `cleanup.policy`, `retention.ms` and `retention.bytes` and the log's start let go: whole segments,
    /// oldest first, of which every record lies below the high watermark. nil if there are none.
    ///
    /// The log's start moves at once; the files go by the returned value. Only between two ticks, and nothing goes while the
    /// log is compacted.
    ///
    /// - Parameter now: milliseconds since 1970.
    public func enforceRetention(now: Int64, highWatermark: Int64) -> SegmentDeletion? {
        guard failure == nil, staged.isEmpty, !isSyncInFlight, !isCompacting,
            !segments.segments.contains(where: \.isBeingNamed)
        else { return nil }
        var excess = size - configuration.retentionBytes
        var deleted: [DeletedSegment] = []
        for segment in segments.segments {
            guard segment.size > 0 || segment.isSealed, segment.nextOffset <= highWatermark, !segment.needsSealing,
                let reason = reason(toDelete: segment, excess: excess, now: now)
            else { break }
            excess -= segment.size
            deleted.append(
                DeletedSegment(
                    baseOffset: segment.baseOffset, nextOffset: segment.nextOffset, size: segment.size, reason: reason))
        }
        guard let newStart = deleted.last?.nextOffset else { return nil }
        if deleted.count == segments.segments.count { replaceActive(now: now) }
        return remove(deleted, newStart: max(newStart, logStartOffset))
    }

    private func reason(toDelete segment: Segment, excess: Int64, now: Int64) -> DeletionReason? {
        if segment.nextOffset <= logStartOffset { return .startOffset }
        if PlantedBug.retentionOvertakesStart.isOn, segment.baseOffset < logStartOffset { return .startOffset }
        guard configuration.cleanupPolicy.contains(.delete) else { return nil }
        if configuration.retentionMs >= 0 {
            let (age, overflow) = now.subtractingReportingOverflow(segment.retentionTimestamp)
            if !overflow, age > configuration.retentionMs, segment.isNewestTimeConfirmed { return .time }
        }
        if configuration.retentionBytes >= 0, excess - segment.size >= 0 { return .size }
        return nil
    }

    /// Begins a new segment where all others go. Those need no seal any more.
    private func replaceActive(now: Int64) {
        roll(now: now)
        for index in segments.segments.indices { segments.segments[index].needsSealing = false }
    }

    private func remove(_ deleted: [DeletedSegment], newStart: Int64) -> SegmentDeletion {
        segments.segments.removeFirst(deleted.count)
        generation += 1
        logStartOffset = newStart
        epochs.truncate(before: newStart)
        areEpochsDirty = true
        let first = segments.segments[0].baseOffset
        let obsolete = snapshotOffsets.filter { $0 < first }
        snapshotOffsets.removeAll { $0 < first }
        let active = segments.active
        let newSnapshot = waitingSnapshots.first { $0.offset == first }
        if newSnapshot != nil { snapshotOffsets.append(first) }
        waitingSnapshots.removeAll { $0.offset <= first }
        return SegmentDeletion(
            segments: deleted, delayMs: configuration.fileDeleteDelayMs, snapshots: obsolete,
            newSnapshot: newSnapshot, firstSegment: first, emptySegment: active.exists ? nil : active.baseOffset,
            place: place)
    }

    /// Moves the log's start up to `offset`, which must not lie above the high watermark. What lies wholly before it goes
    /// with the next `enforceRetention`. False if the start is there already.
    ///
    /// The new start is durable once the directory's log start checkpoint says so. The next sync, which is due now, notes it
    /// in the leader epochs' file as well.
    @discardableResult
    public func deleteRecords(before offset: Int64) -> Bool {
        guard offset > logStartOffset, offset <= logEndOffset else { return false }
        logStartOffset = offset
        epochs.truncate(before: offset)
        areEpochsDirty = true
        hasUnnotedStart = true
        return true
    }

    /// Where the log would begin if only its files were known: another start has to stand in the directory's checkpoint.
    public var firstSegmentOffset: Int64 { segments.segments[0].baseOffset }
}

// MARK: - Descriptors

extension Log {
    /// Descriptors that the log holds.
    public var openFileCount: Int { segments.segments.reduce(0) { $0 + $1.openFiles } }

    /// Gives back all descriptors but those of files with unsynced writes; they are opened again when they are needed.
    public func closeIdleFiles() {
        guard staged.isEmpty, !isSyncInFlight else { return }
        for index in segments.segments.indices where segments.segments[index].openFiles > 0 {
            if segments.segments[index].isDirty {
                segments.segments[index].closeIndexes()
            } else {
                segments.segments[index].closeFiles()
            }
        }
    }
}
