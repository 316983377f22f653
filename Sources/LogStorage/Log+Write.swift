import Bytes
import Files

/// One write of staged batches to one file, with what has to be done around it.
///
/// It borrows the staged batches, so it must be performed before the tick ends; an `OwnedLogWrite` need not.
public struct LogWrite {
    public let file: any File
    public let position: Int64
    /// The offsets of the batches.
    public let offsets: Range<Int64>
    public let pieces: [UnsafeRawBufferPointer]
    let allocation: Range<Int64>?
    let indexWrites: [(file: any File, write: IndexWrite)]
    /// The path, where this is the first write to a file that says nothing while it is empty.
    let createdPath: String?
    let fileSystem: any FileSystem

    /// Writes. After an error the file is as long as before, so that nothing remains of a part that was written; where
    /// even that fails, the error is that of the failed cut.
    public func perform() throws(FileError) {
        do {
            if let allocation {
                // Room that cannot be reserved is no failure yet: the write itself finds out.
                try? file.allocate(at: allocation.lowerBound, count: Int64(allocation.count))
            }
            try file.writeAll(pieces, at: position)
            for (file, write) in indexWrites { try write.perform(on: file) }
        } catch {
            try file.truncate(to: position)
            for (file, write) in indexWrites { try file.truncate(to: write.position) }
            if let createdPath { try fileSystem.removeIfPresent(createdPath) }
            throw error
        }
    }

    public var byteCount: Int { pieces.reduce(0) { $0 + $1.count } }
}

/// The same write with its own copy of the bytes, for the blocking pool and for whoever wants to keep what was written.
public struct OwnedLogWrite: Sendable {
    public let offsets: Range<Int64>
    /// Whole batches, one buffer's after the other's.
    public let buffers: [Buffer]
    let file: any File
    let position: Int64
    let allocation: Range<Int64>?
    let indexWrites: [(file: any File, write: IndexWrite)]
    let createdPath: String?
    let fileSystem: any FileSystem

    init(_ write: LogWrite, keptIn buffers: [Buffer]) {
        offsets = write.offsets
        self.buffers = buffers
        file = write.file
        position = write.position
        allocation = write.allocation
        indexWrites = write.indexWrites
        createdPath = write.createdPath
        fileSystem = write.fileSystem
    }

    /// As `LogWrite.perform`.
    public func perform() throws(FileError) {
        // The pieces point into the buffers, which this value holds.
        let pieces = buffers.map { buffer in buffer.withUnsafeBytes { $0 } }
        try LogWrite(
            file: file, position: position, offsets: offsets, pieces: pieces, allocation: allocation,
            indexWrites: indexWrites, createdPath: createdPath, fileSystem: fileSystem
        ).perform()
    }

    public var byteCount: Int { buffers.reduce(0) { $0 + $1.count } }
}

/// What a failed write did to the log.
public struct WriteFailure: Sendable, Equatable {
    public var error: FileError
    /// Batches from this offset on, which were staged, are not in the log: their producers get KAFKA_STORAGE_ERROR.
    public var revertedTo: Int64
    /// Whether the log takes no writes from now on; otherwise the disk is full, and the next append may try again.
    public var isFenced: Bool
}

extension Log {
    /// Whether bytes wait to be written.
    public var hasStagedWrites: Bool { !staged.isEmpty && !isWriteInFlight && failure == nil }

    /// The size of what `takeWrite` would return, at least.
    public var nextWriteBytes: Int64 { staged.first?.byteCount ?? 0 }

    /// The next write that has to be done; nil if there is none or one is under way. `writeCompleted` or `writeFailed`
    /// must follow; `writeFailed` also after an error of this call.
    public func takeWrite() throws(FileError) -> LogWrite? {
        guard !isWriteInFlight, let group = staged.first, failure == nil else { return nil }
        isWriteInFlight = true
        guard let index = segments.index(of: group.segment) else {
            preconditionFailure("a staged write has no segment")
        }
        let (file, createdPath) = try openForWriting(index)
        let indexWrites: [(file: any File, write: IndexWrite)] = try orRemoving(createdPath) { () throws(FileError) in
            try self.indexWrites(index)
        }
        let end = staged.count > 1 ? staged[1].before.logEndOffset : logEndOffset
        return LogWrite(
            file: file, position: group.position, offsets: group.before.logEndOffset..<end, pieces: group.pieces,
            allocation: allocation(index, upTo: group.end),
            indexWrites: indexWrites, createdPath: createdPath, fileSystem: place.fileSystem)
    }

    /// As `takeWrite`, with a copy of the bytes.
    public func takeOwnedWrite() throws(FileError) -> OwnedLogWrite? {
        guard let write = try takeWrite() else { return nil }
        staged[0].keep()
        return OwnedLogWrite(write, keptIn: staged[0].kept)
    }

    /// The write that `takeWrite` returned is done.
    ///
    /// - Parameter now: milliseconds since 1970, for `flush.ms`.
    public func writeCompleted(now: Int64) {
        precondition(isWriteInFlight, "no write is under way")
        isWriteInFlight = false
        let group = staged.removeFirst()
        guard let index = segments.index(of: group.segment) else {
            preconditionFailure("a staged write has no segment")
        }
        if let indexFlush, indexFlush.abortedTransactions > 0, segments.segments[index].storedAbortedTransactions == 0 {
            isDirectoryDirty = true
        }
        segments.segments[index].written(upTo: group.end, flushed: indexFlush)
        if !segments.segments[index].exists {
            segments.segments[index].exists = true
            isDirectoryDirty = true
            areNamesDurable = false
        }
        if let snapshot = group.snapshot { sealed(index - 1, with: snapshot) }
        indexFlush = nil
        writtenOffset = staged.first?.before.logEndOffset ?? logEndOffset
        if PlantedBug.recoveryPointAheadOfSync.isOn { recoveryPoint = writtenOffset }
        bytesSinceSnapshot += group.byteCount
        if oldestUnsyncedWrite == nil { oldestUnsyncedWrite = now }
    }

    /// The write failed, or could not be taken: all that is staged is taken back. A full disk or a lack of descriptors
    /// goes away by itself, and the next append tries again; after anything else the log is fenced.
    @discardableResult
    public func writeFailed(_ error: FileError) -> WriteFailure {
        isWriteInFlight = false
        indexFlush = nil
        // The cut of what was half written, and the removal of a file made for a roll that is taken back, have to be
        // durable before anything is acknowledged in their place.
        if let group = staged.first, let index = segments.index(of: group.segment), segments.segments[index].exists {
            segments.segments[index].isDirty = true
        }
        isDirectoryDirty = true
        revertStaged()
        if !error.passes { fence(error) }
        return WriteFailure(error: error, revertedTo: logEndOffset, isFenced: failure != nil)
    }

    /// Writes all that is staged, on the calling thread. nil if it is written.
    public func writeStaged(now: Int64) -> WriteFailure? {
        do {
            while let write = try takeWrite() {
                try write.perform()
                writeCompleted(now: now)
            }
            return nil
        } catch {
            return writeFailed(error)
        }
    }

    /// Copies the staged batches that were not copied yet, so that they may wait past the end of the tick.
    public func keepStaged() {
        for index in staged.indices { staged[index].keep() }
    }

    /// The size of the copies that wait to be written.
    public var keptBytes: Int { staged.reduce(0) { $0 + $1.kept.reduce(0) { $0 + $1.count } } }
}

extension StagedWrite {
    /// Replaces the borrowed pieces by a copy. What is added later is borrowed again.
    mutating func keep() {
        let borrowed = pieces[kept.count...]
        guard !borrowed.isEmpty else { return }
        let copy = MutableBuffer(copying: borrowed).freeze()
        // The buffer stays for as long as this piece does.
        pieces.replaceSubrange(kept.count..., with: CollectionOfOne(copy.withUnsafeBytes { $0 }))
        kept.append(copy)
    }
}

// MARK: - What goes with a write

extension Log {
    /// The segment's file; its path, where it was made for this write and says nothing while it is empty.
    private func openForWriting(_ index: Int) throws(FileError) -> (file: any File, createdPath: String?) {
        let segment = segments.segments[index]
        let path = place.path(segment.baseOffset, .log)
        if segment.exists {
            if let log = segment.log { return (log, nil) }
            let log = try place.fileSystem.open(path, .readWrite)
            segments.segments[index].log = log
            return (log, nil)
        }
        // The name of a later segment may survive without those of earlier ones, and a log would seem to begin there.
        if !areNamesDurable {
            try place.fileSystem.syncDirectory(place.directory)
            areNamesDurable = true
        }
        let log = try place.fileSystem.open(path, .replace)
        let createdPath = index > 0 ? path : nil
        try orRemoving(createdPath) { () throws(FileError) in
            _ = try place.fileSystem.open(place.path(segment.baseOffset, .offsetIndex), .replace)
            _ = try place.fileSystem.open(place.path(segment.baseOffset, .timeIndex), .replace)
        }
        segments.segments[index].log = log
        return (log, createdPath)
    }

    /// A segment's file must not stay when its write does not come about: the one before goes on past where it begins.
    private func orRemoving<Result>(
        _ createdPath: String?, _ body: () throws(FileError) -> Result
    ) throws(FileError) -> Result {
        do {
            return try body()
        } catch {
            if let createdPath { try place.fileSystem.removeIfPresent(createdPath) }
            throw error
        }
    }

    private func allocation(_ index: Int, upTo end: Int64) -> Range<Int64>? {
        let segment = segments.segments[index]
        guard end > segment.allocatedSize else { return nil }
        let step = min(max(segment.writtenSize, 64 << 10), 32 << 20)
        let wanted = configuration.preallocate ? configuration.segmentLimit : segment.allocatedSize + step
        let target = max(min(wanted, configuration.segmentLimit), end)
        segments.segments[index].allocatedSize = target
        return segment.allocatedSize..<target
    }

    /// Index entries go to their files in bundles, and with the write of the batches that they are for.
    private func indexWrites(_ index: Int) throws(FileError) -> [(file: any File, write: IndexWrite)] {
        let segment = segments.segments[index]
        guard
            segment.offsetIndex.pending.count >= IndexFlush.threshold
                || segment.abortedTransactions.count > segment.storedAbortedTransactions
                || isSnapshotDue && configuration.flushMessages <= 1
        else { return [] }
        let writes = segment.indexWrites(place)
        var targets: [(file: any File, write: IndexWrite)] = []
        for (write, open) in zip(writes, [segment.offsetIndexFile, segment.timeIndexFile, nil]) {
            if let open {
                targets.append((open, write))
            } else {
                targets.append((try place.fileSystem.open(write.path, .readWriteCreate), write))
            }
        }
        segments.segments[index].offsetIndexFile = targets[0].file
        segments.segments[index].timeIndexFile = targets[1].file
        indexFlush = IndexFlush(
            offsetEntries: segment.offsetIndex.pending.count, timeEntries: segment.timeIndex.pending.count,
            abortedTransactions: segment.abortedTransactions.count)
        return targets
    }
}

extension Segment {
    fileprivate mutating func written(upTo end: Int64, flushed: IndexFlush?) {
        writtenSize = end
        isDirty = true
        guard let flushed else { return }
        offsetIndex.stored(flushed.offsetEntries)
        timeIndex.stored(flushed.timeEntries)
        storedAbortedTransactions = flushed.abortedTransactions
    }
}

extension MutableBuffer {
    /// The pieces one after another.
    fileprivate init(copying pieces: ArraySlice<UnsafeRawBufferPointer>) {
        self.init(uninitializedCount: pieces.reduce(0) { $0 + $1.count })
        var position = 0
        for piece in pieces {
            UnsafeMutableRawBufferPointer(rebasing: bytes[position...]).copyMemory(from: piece)
            position += piece.count
        }
    }
}
