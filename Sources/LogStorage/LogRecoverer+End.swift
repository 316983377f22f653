import Bytes
import Files
import Records

// MARK: - Cutting

extension LogRecoverer {
    /// Ends the log at `position` of a segment. What stood behind is kept under another name.
    mutating func cut(_ index: Int, at position: Int64, _ offset: Int64) throws(ReadFailure) {
        let file = try segments[index].openLog(place)
        let end = segments[index].writtenSize
        let next = try Segment.nextBatch(in: file, from: position + 1, to: end, offsets: offset..<Int64.max)
        var hasValidBatchBehind = next != nil
        var bytes = end - position
        let name = try keepCut(file, position..<end, offset)
        for snapshot in snapshotOffsets where snapshot > offset { try remove(snapshot: snapshot) }
        try disk { () throws(FileError) in
            try file.truncate(to: position)
            try file.sync()
        }
        for segment in segments[(index + 1)...] {
            hasValidBatchBehind = hasValidBatchBehind || segment.size > 0
            bytes += segment.size
            try setAside(segment: segment.baseOffset)
        }
        segments.removeLast(segments.count - index - 1)
        segments[index].isSealed = false
        segments[index].size = position
        segments[index].writtenSize = position
        segments[index].nextOffset = offset
        segments[index].verified.end = min(segments[index].verified.end, position)
        hasChanged = true
        events.append(
            .tailCut(offset: offset, bytes: bytes, keptAs: name, hasValidBatchBehind: hasValidBatchBehind))
    }

    /// Gives a whole segment's batches the name of what was cut off.
    private func setAside(segment base: Int64) throws(ReadFailure) {
        try disk { () throws(FileError) in
            try place.fileSystem.rename(place.path(base, .log), to: LogFiles.cutPath(place.directory, base))
        }
        try remove(segment: base)
    }

    /// Copies what is about to be cut off into a file of its own, unless it is nothing but zeros. Its name.
    private func keepCut(_ file: any File, _ range: Range<Int64>, _ offset: Int64) throws(ReadFailure) -> String? {
        let path = LogFiles.cutPath(place.directory, offset)
        let window = MutableBuffer(uninitializedCount: BatchWalker.contentWindow)
        var target: (any File)?
        var position = range.lowerBound
        while position < range.upperBound {
            let wanted = Int(min(Int64(window.count), range.upperBound - position))
            let part = UnsafeMutableRawBufferPointer(rebasing: window.bytes[..<wanted])
            let count = try file.read(into: part, at: position, .blocking)
            guard count > 0 else { break }
            let bytes = UnsafeRawBufferPointer(rebasing: part[..<count])
            if target == nil, bytes.contains(where: { $0 != 0 }) {
                target = try disk { () throws(FileError) in try place.fileSystem.open(path, .replace) }
            }
            if let target {
                try disk { () throws(FileError) in try target.writeAll([bytes], at: position - range.lowerBound) }
            }
            position += Int64(count)
        }
        if let target {
            try disk { () throws(FileError) in
                try target.sync()
                try place.fileSystem.syncDirectory(place.directory)
            }
        }
        return target == nil ? nil : path.split(separator: "/").last.map(String.init)
    }
}

// MARK: - The end

extension LogRecoverer {
    /// Begins a segment behind damage that reaches to the end of the log: its name tells every later recovery how far the
    /// offsets of the damage go, and what is appended does not come to stand behind bytes that mean nothing.
    mutating func sealDamagedEnd() throws(ReadFailure) {
        let index = segments.count - 1
        guard let last = segments[index].damage.last, last.positions.upperBound == segments[index].writtenSize else {
            return
        }
        segments[index].isSealed = true
        segments[index].addTimeIndexEntry()
        var next = Segment(baseOffset: segments[index].nextOffset, createdAt: now)
        try disk { () throws(FileError) in _ = try place.fileSystem.open(place.path(next.baseOffset, .log), .replace) }
        next.exists = true
        segments.append(next)
        hasChanged = true
        try keepProducers(before: index + 1)
    }

    /// A log that ends before its start has nothing that anybody may read. That is never how a log was left, so what it has
    /// is kept aside.
    mutating func beginAnew(at start: Int64) throws(ReadFailure) {
        for segment in segments where segment.exists { try setAside(segment: segment.baseOffset) }
        for offset in snapshotOffsets { try remove(snapshot: offset) }
        segments = [Segment(baseOffset: start, createdAt: now)]
        epochs = LeaderEpochCache()
        producers = ProducerState()
        hasChanged = true
    }

    /// Makes the files say what memory says.
    mutating func store(end: Int64, logStart: Int64) throws(ReadFailure) {
        for offset in snapshotOffsets where offset > end { try remove(snapshot: offset) }
        for index in segments.indices where segments[index].exists {
            if segments[index].hasPendingIndexEntries || segments[index].hasBadIndexes
                || !isClean && segments[index].baseOffset >= replayedFrom
            {
                try storeTransactions(of: index)
                try disk { () throws(FileError) in try segments[index].storeIndexes(place) }
                segments[index].hasBadIndexes = false
            }
            if !isClean, segments[index].nextOffset > recoveryPoint || hasChanged {
                let log = try segments[index].openLog(place)
                try disk { () throws(FileError) in try log.truncate(to: segments[index].writtenSize) }
                try rewrite(log, from: segments[index].verified.end, to: segments[index].writtenSize)
                if !PlantedBug.recoveredTailNotSynced.isOn { try disk { () throws(FileError) in try log.sync() } }
            }
            segments[index].closeFiles()
        }
        try storeTransactionChecksums()
        producers.highWatermarkAdvanced(to: end)
        epochs.truncate(from: end)
        epochs.truncate(before: logStart)
        if !isClean, segments[0].exists {
            let path = "\(place.directory)/\(LogFiles.leaderEpochCheckpoint)"
            try disk { () throws(FileError) in
                try place.fileSystem.replace(path, with: epochs.encode(), sync: true)
                try place.fileSystem.syncDirectory(place.directory)
            }
        }
    }

    /// Writes again what no earlier sync is known to cover: the pages of a sync that failed count as clean, so that what
    /// is read may be in memory only and another sync alone would not save it.
    private func rewrite(_ file: any File, from start: Int64, to end: Int64) throws(ReadFailure) {
        let window = MutableBuffer(uninitializedCount: Int(min(Int64(BatchWalker.contentWindow), max(end - start, 0))))
        var position = start
        while position < end {
            let part = UnsafeMutableRawBufferPointer(
                rebasing: window.bytes.prefix(Int(min(end - position, Int64(window.count)))))
            let count = try file.read(into: part, at: position, .blocking)
            guard count > 0 else { return }
            let bytes = UnsafeRawBufferPointer(rebasing: part[..<count])
            try disk { () throws(FileError) in try file.writeAll([bytes], at: position) }
            position += Int64(count)
        }
    }
}
