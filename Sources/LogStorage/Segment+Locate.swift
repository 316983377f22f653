import Files
import Records

/// Finding batches by offset and by position, through the offset index and the headers behind its entries.
extension Segment {
    /// A place at which a walk can begin, and the lowest offset that is to be found there.
    struct Start {
        var position: Int64
        var expectedOffset: Int64
        /// Of the batch that begins there, where it was read already.
        var header: RecordBatchHeader?
    }

    /// The first batch that ends at or after `offset`; nil if the written part has none.
    mutating func locate(
        _ offset: Int64, _ place: LogPlace, _ mode: ReadMode
    ) throws(ReadFailure) -> (position: Int64, header: RecordBatchHeader)? {
        try search(offset, place, mode).found
    }

    /// What `locate` finds, and where the batch before begins, unless that was not looked at.
    mutating func search(
        _ offset: Int64, _ place: LogPlace, _ mode: ReadMode
    ) throws(ReadFailure) -> (found: (position: Int64, header: RecordBatchHeader)?, before: Int64?) {
        let file = try openLog(place)
        let start = try start(place, mode) { entry, base in base + Int64(entry.relativeOffset) <= offset }
        if let header = start.header, header.lastOffset >= offset { return ((start.position, header), nil) }
        var walker = BatchWalker(
            file, mode, from: start.position, to: writtenSize, expectedOffset: start.expectedOffset,
            offsetLimit: offsetLimit, skipping: damage)
        var before: Int64?
        while let header = try walker.next() {
            if header.lastOffset >= offset { return ((walker.batchPosition, header), before) }
            before = walker.batchPosition
        }
        if isEndMissing(behind: walker.expectedOffset) { throw try walker.misfit() }
        return (nil, before)
    }

    /// Whether the file of a sealed segment ends with another batch than the one in front of the next segment, and that is not
    /// known for damage yet.
    private func isEndMissing(behind offset: Int64) -> Bool {
        isSealed && writtenSize == size && offset < nextOffset && damage.last?.offsets.upperBound != nextOffset
    }

    /// The last batch boundary at or before `limit`, given that there is one at `start`, where no lower offset than
    /// `expectedOffset` stands, and the offset that follows it; with the end of the first batch where that lies past `limit`.
    mutating func boundary(
        atOrBefore limit: Int64, from start: Int64, expectedOffset: Int64, _ place: LogPlace, _ mode: ReadMode
    ) throws(ReadFailure) -> (position: Int64, nextOffset: Int64, firstBatchEnd: Int64?) {
        let file = try openLog(place)
        let nearest = try self.start(place, mode) { entry, _ in Int64(entry.position) <= limit }
        let from = max(nearest.position, start)
        var walker = BatchWalker(
            file, mode, from: from, to: writtenSize,
            expectedOffset: from == start ? expectedOffset : nearest.expectedOffset, offsetLimit: offsetLimit,
            skipping: damage)
        var boundary = from
        var nextOffset = walker.expectedOffset
        while try walker.next() != nil {
            if walker.position > limit {
                if walker.batchPosition == start { return (start, walker.expectedOffset, walker.position) }
                return (boundary, nextOffset, nil)
            }
            boundary = walker.position
            nextOffset = walker.expectedOffset
        }
        return (boundary, nextOffset, nil)
    }

    /// The batch of the last index entry that satisfies `isBelow`, or the first batch of the segment. The entry counts
    /// only if a batch stands where it says that ends with the offset it says.
    mutating func start(
        _ place: LogPlace, _ mode: ReadMode, where isBelow: (OffsetIndexEntry, _ base: Int64) -> Bool
    ) throws(ReadFailure) -> Start {
        let base = baseOffset
        let origin = Start(position: 0, expectedOffset: base)
        let index = offsetIndex
        let found = try index.floor({ () throws(ReadFailure) in try openOffsetIndex(place) }, mode) {
            isBelow($0, base)
        }
        guard let entry = found?.entry else { return origin }
        guard Int64(entry.position) < writtenSize else {
            // An entry of a batch that is only staged is no sign of damage.
            guard Int64(entry.position) < size else { throw .badIndex }
            let written = writtenSize
            return try start(place, mode) { candidate, base in
                isBelow(candidate, base) && Int64(candidate.position) < written
            }
        }
        if damage.contains(where: { $0.positions.contains(Int64(entry.position)) }) {
            return Start(position: Int64(entry.position), expectedOffset: base)
        }
        var walker = BatchWalker(
            try openLog(place), mode, from: Int64(entry.position), to: writtenSize, expectedOffset: base,
            offsetLimit: offsetLimit)
        let header: RecordBatchHeader?
        do {
            header = try walker.next()
        } catch .damaged {
            throw .badIndex
        }
        guard let header else { throw .badIndex }
        let isConfirmed = header.lastOffset == base + Int64(entry.relativeOffset)
        guard isConfirmed || PlantedBug.indexTrustedUnchecked.isOn else { throw .badIndex }
        return Start(position: Int64(entry.position), expectedOffset: header.baseOffset, header: header)
    }
}
