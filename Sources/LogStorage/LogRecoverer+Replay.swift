import Bytes
import Files
import Records

extension LogRecoverer {
    /// Walks over every segment that ends past what the snapshot covers, or past the recovery point. False if it removed
    /// segments: then what it found no longer counts.
    mutating func replay() throws(ReadFailure) -> Bool {
        var index = 0
        while index < segments.count {
            let isLast = index == segments.count - 1
            try keepProducers(before: index)
            if isLast || segments[index].nextOffset > min(replayedTo, recoveryPoint) || mayReachPastNext(index) {
                replayedFrom = min(replayedFrom, segments[index].baseOffset)
                switch try replay(index) {
                case .goesOn: break
                case .isCut: return true
                case .overlapsNext:
                    try removeOverlapped(by: index)
                    return false
                }
            } else if segments[index].hasBadIndexes {
                try rebuild(index)
            }
            index += 1
        }
        return true
    }

    /// Whether the next segment can only be a file of a roll that was taken back: it is empty, and the log went on.
    private func mayReachPastNext(_ index: Int) -> Bool {
        index == segments.count - 2 && segments[index + 1].isEmpty && segments[index + 1].baseOffset < recoveryPoint
    }

    private enum WalkedSegment {
        case goesOn
        /// The log was cut in it, so that it is the last one now.
        case isCut
        /// It has whole batches where the next one begins.
        case overlapsNext
    }

    /// Notes the producers at the beginning of a segment, which the sync that a crash has prevented would have done: they are
    /// all that is known of the producers of earlier segments, once these are deleted.
    mutating func keepProducers(before index: Int) throws(ReadFailure) {
        let offset = segments[index].baseOffset
        guard !isClean, index > 0, offset >= replayedTo, !PlantedBug.producerSnapshotNotSynced.isOn else { return }
        let isKnown = snapshotOffsets.contains(offset)
        if isKnown, offset < recoveryPoint { return }
        try storeTransactions(before: index)
        let bytes = ProducerSnapshot.encode(producers)
        try disk { () throws(FileError) in
            try place.fileSystem.replace(place.path(offset, .snapshot), with: bytes, sync: true)
        }
        guard !isKnown else { return }
        snapshotOffsets.append(offset)
        snapshotOffsets.sort()
    }

    private mutating func rebuild(_ index: Int) throws(ReadFailure) {
        try segments[index].rebuildIndexes(place, indexInterval: configuration.indexIntervalBytes)
        for range in segments[index].damage { note(range) }
        segments[index].hasBadIndexes = false
        hasChanged = true
        events.append(.indexRebuilt(baseOffset: segments[index].baseOffset))
    }

    private mutating func replay(_ index: Int) throws(ReadFailure) -> WalkedSegment {
        let isLast = index == segments.count - 1
        let wasBad = segments[index].hasBadIndexes
        let end = segments[index].nextOffset
        let size = segments[index].writtenSize
        let start = try beginReplay(index)
        if wasBad { events.append(.indexRebuilt(baseOffset: segments[index].baseOffset)) }
        if size == 0 { return .goesOn }
        segments[index].firstTimestamp = try firstTimestamp(index)
        let limit = min(isLast ? gapLimit : end, segments[index].reach)
        var position = start.position
        var expectedOffset = start.expectedOffset
        while true {
            do {
                try walk(index, from: position, expectedOffset, offsetLimit: limit)
                break
            } catch .damaged(let damaged, let expected) {
                if expected >= recoveryPoint, !isClean {
                    try cut(index, at: damaged, expected)
                    return .isCut
                }
                if isClean { throw .damaged(position: damaged, expectedOffset: expected) }
                let range = try noteDamage(index, at: damaged, expected)
                position = range.positions.upperBound
                expectedOffset = range.offsets.upperBound
                segments[index].size = position
                segments[index].nextOffset = max(expectedOffset, isLast && position == size ? recoveryPoint : 0)
            }
        }
        if segments[index].isSealed, !isClean, segments[index].nextOffset > end { return .overlapsNext }
        if segments[index].isSealed {
            let found = segments[index].nextOffset
            if found < end {
                if isClean { throw .damaged(position: size, expectedOffset: found) }
                if found >= recoveryPoint {
                    try cut(index, at: size, found)
                    return .isCut
                }
                _ = try noteDamage(index, at: size, found)
            }
            segments[index].nextOffset = end
            segments[index].addTimeIndexEntry()
        }
        return .goesOn
    }

    /// Removes the segments that begin where this one still has records: files of a roll that was taken back, whose
    /// removal no sync had made durable, so that nothing in them was acknowledged.
    private mutating func removeOverlapped(by index: Int) throws(ReadFailure) {
        let end = segments[index].nextOffset
        for segment in segments[(index + 1)...] where segment.baseOffset < end {
            try remove(segment: segment.baseOffset)
            events.append(.leftoverRemoved(name: LogFiles.name(segment.baseOffset, .log)))
        }
    }

    /// Keeps of a segment's indexes what lies before the part that is walked over, and answers where that begins.
    private mutating func beginReplay(_ index: Int) throws(ReadFailure) -> Segment.Start {
        var segment = segments[index]
        defer {
            segment.closeIndexes()
            segments[index] = segment
        }
        let kept = segment.abortedTransactions.prefix { $0.lastOffset < replayedTo }
        segment.abortedTransactions = Array(kept)
        segment.storedAbortedTransactions = min(segment.storedAbortedTransactions, kept.count)
        if !segment.hasBadIndexes, segment.baseOffset < replayedTo,
            let start = try? segment.keepIndexes(
                endingBefore: replayedTo, isClean: isClean, place)
        {
            segment.size = start.position
            segment.nextOffset = start.expectedOffset
            return start
        }
        segment.forgetIndexes()
        return Segment.Start(position: 0, expectedOffset: segment.baseOffset)
    }

    private mutating func firstTimestamp(_ index: Int) throws(ReadFailure) -> Int64? {
        let file = try segments[index].openLog(place)
        var walker = BatchWalker(
            file, .blocking, from: 0, to: segments[index].writtenSize, expectedOffset: segments[index].baseOffset)
        return (try? walker.next())?.maxTimestamp
    }

    private mutating func walk(
        _ index: Int, from position: Int64, _ expectedOffset: Int64, offsetLimit: Int64
    ) throws(ReadFailure) {
        let file = try segments[index].openLog(place)
        // What seems to reach into the next segment is of a roll that was taken back, or its header is wrong.
        let checksFrom = isClean ? Int64.max : min(recoveryPoint, offsetLimit)
        var walker = BatchWalker(
            file, .blocking, from: position, to: segments[index].writtenSize, expectedOffset: expectedOffset,
            offsetLimit: offsetLimit, window: isClean ? BatchWalker.headerWindow : BatchWalker.contentWindow)
        var isCovered = false
        // A batch is taken in when the one behind it agrees with it.
        var last: (header: RecordBatchHeader, position: Int64)?
        do throws(ReadFailure) {
            while let header = try walker.next() {
                // After a clean stop nothing ends past what was synced.
                guard isEpochRight(header, behind: last?.header),
                    !isClean || header.nextOffset <= min(gapLimit, offsetLimit)
                else {
                    throw walker.damaged
                }
                if header.nextOffset > checksFrom {
                    let isValid = try walker.isChecksumValid(header)
                    guard isValid || PlantedBug.tailTrustedUnchecked.isOn else { throw walker.damaged }
                    if !isCovered { segments[index].verified.end = walker.batchPosition }
                    isCovered = true
                    checkedBytes += Int64(header.totalSize)
                }
                if let last { try takeIn(last.header, at: last.position, file, index) }
                last = (header, walker.batchPosition)
            }
            // An end that is missing may be one that the last batch does not tell.
            if let last, !isClean, last.header.nextOffset < min(recoveryPoint, offsetLimit),
                try !walker.isChecksumValid(last.header)
            {
                throw walker.damaged
            }
        } catch .damaged(let damaged, let expected) {
            if let last, last.position < damaged { try takeIn(last.header, at: last.position, file, index) }
            throw .damaged(position: damaged, expectedOffset: expected)
        }
        if let last { try takeIn(last.header, at: last.position, file, index) }
    }

    private mutating func takeIn(
        _ header: RecordBatchHeader, at position: Int64, _ file: any File, _ index: Int
    ) throws(ReadFailure) {
        segments[index].add(header, at: position, indexInterval: configuration.indexIntervalBytes)
        if header.nextOffset > replayedTo { try apply(header, at: position, file, index) }
    }

    /// A batch's leader epoch lies outside its checksum. The file has those of all that is durable; what came later can only
    /// be of a later one, and of none before that of the batch in front of it.
    private func isEpochRight(_ header: RecordBatchHeader, behind last: RecordBatchHeader?) -> Bool {
        let epoch = header.partitionLeaderEpoch
        if epoch == -1 { return true }
        let stored = storedEpochs.epoch(at: header.lastOffset)
        if header.nextOffset <= recoveryPoint { return stored == nil || epoch == stored }
        let known = epochs.epoch(at: header.lastOffset)
        return epoch >= max(stored ?? -1, known ?? -1, last?.partitionLeaderEpoch ?? -1)
    }

    private mutating func apply(
        _ header: RecordBatchHeader, at position: Int64, _ file: any File, _ index: Int
    ) throws(ReadFailure) {
        epochs.assign(header.partitionLeaderEpoch, startOffset: header.baseOffset)
        guard header.hasProducerId, !PlantedBug.producersNotRestored.isOn else { return }
        var marker: EndTransactionMarker?
        if header.attributes.isControl {
            let batch = MutableBuffer(uninitializedCount: header.totalSize)
            _ = try file.read(into: batch.bytes, at: position, .blocking)
            if let view = try? RecordBatchView(UnsafeRawBufferPointer(batch.bytes)) {
                marker = EndTransactionMarker(controlBatch: view)
            }
            if marker == nil { return }
        }
        if let completed = producers.apply(header, marker: marker), completed.isAborted {
            segments[index].abortedTransactions.append(AbortedTransaction(completed))
        }
    }

    private mutating func noteDamage(
        _ index: Int, at position: Int64, _ expectedOffset: Int64
    ) throws(ReadFailure) -> DamagedRange {
        // How far the offsets of the last segment go is not known yet.
        let next = index + 1 < segments.count ? segments[index + 1].baseOffset : nil
        let range = try segments[index].examineDamage(
            at: position, expectedOffset: expectedOffset, limit: min(next ?? .max, segments[index].reach),
            end: next ?? recoveryPoint, place)
        note(range)
        // What began there is known from the file alone.
        for entry in storedEpochs.entries where range.offsets.contains(entry.startOffset) {
            epochs.assign(entry.epoch, startOffset: entry.startOffset)
        }
        return range
    }

    private mutating func note(_ range: DamagedRange) {
        events.append(
            .damaged(offsets: range.offsets, bytes: range.positions.upperBound - range.positions.lowerBound))
    }
}

extension Segment {
    fileprivate mutating func forgetIndexes() {
        offsetIndex = SparseIndex()
        timeIndex = SparseIndex()
        storedAbortedTransactions = 0
        size = 0
        nextOffset = baseOffset
        maxTimestamp = -1
        maxTimestampOffset = -1
        isNewestTimeConfirmed = true
        bytesSinceIndexEntry = 0
    }

    /// Keeps the entries of batches that end before `offset`; the last of these batches is where a walk begins. Throws
    /// `badIndex` where an entry is not what it should be.
    fileprivate mutating func keepIndexes(
        endingBefore offset: Int64, isClean: Bool, _ place: LogPlace
    ) throws(ReadFailure) -> Start {
        let base = baseOffset
        if isClean, offsetIndex.last.map({ base + Int64($0.relativeOffset) < offset }) ?? true {
            return try keepWholeIndexes(place)
        }
        let offsetFile = try openOffsetIndex(place)
        let timeFile = try openTimeIndex(place)
        let index = offsetIndex
        guard
            let found = try index.floor({ offsetFile }, .blocking, where: { base + Int64($0.relativeOffset) < offset })
        else {
            forgetIndexes()
            return Start(position: 0, expectedOffset: base)
        }
        if !isClean { try checkRising(index, found.index, offsetFile) }
        let start = try start(place, .blocking) { entry, _ in entry.relativeOffset <= found.entry.relativeOffset }
        guard start.position == Int64(found.entry.position) else { throw .badIndex }
        let times = timeIndex
        let time = try times.floor({ timeFile }, .blocking) { $0.relativeOffset <= found.entry.relativeOffset }
        offsetIndex = SparseIndex(storedCount: found.index + 1, last: found.entry)
        timeIndex = SparseIndex(storedCount: time.map { $0.index + 1 } ?? 0, last: time?.entry)
        maxTimestamp = time?.entry.timestamp ?? -1
        maxTimestampOffset = time.map { base + Int64($0.entry.relativeOffset) } ?? -1
        try confirmNewestTime(upTo: start.position, place, .blocking)
        bytesSinceIndexEntry = 0
        return start
    }

    /// After a clean stop the files have all entries; the walk only goes over what lies behind the last of them.
    private mutating func keepWholeIndexes(_ place: LogPlace) throws(ReadFailure) -> Start {
        bytesSinceIndexEntry = 0
        let start = try start(place, .blocking) { _, _ in true }
        try confirmNewestTime(upTo: start.position, place, .blocking)
        return start
    }

    /// After a power loss any page of the file may be missing.
    private func checkRising(
        _ index: SparseIndex<OffsetIndexEntry>, _ last: Int, _ file: any File
    ) throws(ReadFailure) {
        let entries = try index.entries(in: 0..<(last + 1), of: file, .blocking)
        for (before, entry) in zip(entries, entries.dropFirst())
        where entry.relativeOffset <= before.relativeOffset || entry.position <= before.position { throw .badIndex }
    }
}
