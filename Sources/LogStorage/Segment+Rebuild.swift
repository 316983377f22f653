import Files
import Records

extension Segment {
    /// Makes the indexes anew from the log file. Those of the active segment, to which its owner appends meanwhile, are
    /// only forgotten by this copy.
    mutating func rebuildIndexes(_ place: LogPlace, indexInterval: Int = 4096) throws(ReadFailure) {
        closeIndexes()
        offsetIndex = SparseIndex()
        timeIndex = SparseIndex()
        guard isSealed, !needsSealing else { return }
        var fresh = Segment(baseOffset: baseOffset, createdAt: createdAt)
        while true {
            do {
                try walk(place, into: &fresh, indexInterval)
                break
            } catch .damaged(let position, let expectedOffset) {
                try examineDamage(at: position, expectedOffset: expectedOffset, place)
                fresh = Segment(baseOffset: baseOffset, createdAt: createdAt)
            }
        }
        fresh.addTimeIndexEntry()
        offsetIndex = fresh.offsetIndex
        timeIndex = fresh.timeIndex
        maxTimestamp = fresh.maxTimestamp
        maxTimestampOffset = fresh.maxTimestampOffset
        isNewestTimeConfirmed = true
        do {
            try storeIndexes(place)
        } catch {
            throw .file(error)
        }
    }

    private mutating func walk(
        _ place: LogPlace, into fresh: inout Segment, _ indexInterval: Int
    ) throws(ReadFailure) {
        var walker = BatchWalker(
            try openLog(place), .blocking, from: 0, to: writtenSize, expectedOffset: baseOffset,
            offsetLimit: offsetLimit, skipping: damage)
        while let header = try walker.next() {
            fresh.add(header, at: walker.batchPosition, indexInterval: indexInterval)
        }
    }

    /// Brings the index files to exactly what memory says.
    mutating func storeIndexes(_ place: LogPlace) throws(FileError) {
        for write in indexWrites(place) { try write.perform(place.fileSystem) }
        offsetIndex.stored(offsetIndex.pending.count)
        timeIndex.stored(timeIndex.pending.count)
        storedAbortedTransactions = abortedTransactions.count
    }

    /// Whether entries wait to be put into the index files.
    var hasPendingIndexEntries: Bool {
        !offsetIndex.pending.isEmpty || !timeIndex.pending.isEmpty
            || storedAbortedTransactions < abortedTransactions.count
    }

    /// What is still to be written into the transaction index, which is cut to its exact length as well.
    func transactionIndexWrite(_ place: LogPlace) -> IndexWrite {
        IndexWrite(
            path: place.path(baseOffset, .transactionIndex),
            position: Int64(storedAbortedTransactions * AbortedTransaction.size),
            bytes: AbortedTransaction.encode(abortedTransactions.dropFirst(storedAbortedTransactions)))
    }

    /// What is still to be written into the index files, each of which is cut to its exact length as well.
    func indexWrites(_ place: LogPlace) -> [IndexWrite] {
        var writes = [
            IndexWrite(
                path: place.path(baseOffset, .offsetIndex), position: offsetIndex.storedSize,
                bytes: offsetIndex.encodePending(offsetIndex.pending.count)),
            IndexWrite(
                path: place.path(baseOffset, .timeIndex), position: timeIndex.storedSize,
                bytes: timeIndex.encodePending(timeIndex.pending.count)),
        ]
        // What was stored before the segment was sealed was not synced by then.
        if storedAbortedTransactions < abortedTransactions.count || needsSealing && !abortedTransactions.isEmpty {
            writes.append(transactionIndexWrite(place))
        }
        return writes
    }
}

/// Bytes that end an index file.
struct IndexWrite: Sendable {
    let path: String
    let position: Int64
    let bytes: [UInt8]

    func perform(_ fileSystem: any FileSystem) throws(FileError) {
        try perform(on: try fileSystem.open(path, .readWriteCreate))
    }

    func perform(on file: any File) throws(FileError) {
        if !bytes.isEmpty { try file.writeAll(bytes, at: position) }
        let end = position + Int64(bytes.count)
        if try file.size() != end { try file.truncate(to: end) }
    }

    /// Cuts off what a failed `perform` may have left.
    func takeBack(_ fileSystem: any FileSystem) throws(FileError) {
        guard let status = try fileSystem.status(path), status.size > position else { return }
        try fileSystem.open(path, .readWrite).truncate(to: position)
    }
}
