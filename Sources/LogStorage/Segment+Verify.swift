import Bytes
import Files
import Records

/// Checking what the disk gives back, once per block and process.
extension Segment {
    /// Blocks whose checksums a shard may compare by itself; more go to the pool.
    private static let inlineBlocks = 4

    /// Compares the checksums of all batches in the range that were not looked at yet, and the leader epochs, which lie
    /// outside the checksums. Throws `damaged` at a bad one.
    mutating func verify(
        _ positions: Range<Int64>, _ epochs: LeaderEpochCache, _ place: LogPlace, _ mode: ReadMode
    ) throws(ReadFailure) {
        let blocks = verified.missing(in: positions)
        if blocks.isEmpty { return }
        if mode == .cached, blocks.count > Segment.inlineBlocks { throw .needsDisk }
        for block in blocks {
            try verify(block, epochs, place, mode)
            verified.insert(block)
        }
    }

    private mutating func verify(
        _ block: Int64, _ epochs: LeaderEpochCache, _ place: LogPlace, _ mode: ReadMode
    ) throws(ReadFailure) {
        let first = block * VerifiedBlocks.blockSize
        let end = min(first + VerifiedBlocks.blockSize, verified.end)
        let start = try start(place, mode) { entry, _ in Int64(entry.position) <= first }
        var walker = BatchWalker(
            try openLog(place), mode, from: start.position, to: writtenSize, expectedOffset: start.expectedOffset,
            offsetLimit: offsetLimit, skipping: damage, window: BatchWalker.contentWindow)
        while walker.position < end, let header = try walker.next() {
            if walker.batchPosition >= end { return }
            if walker.batchPosition >= first,
                try !walker.isChecksumValid(header)
                    || !epochs.admits(header.partitionLeaderEpoch, at: header.lastOffset)
            {
                throw walker.damaged
            }
        }
    }

    /// Finds out how far the damage at `position` reaches, and remembers it.
    mutating func examineDamage(
        at position: Int64, expectedOffset: Int64, _ place: LogPlace
    ) throws(ReadFailure) -> DamagedRange {
        let file = try openLog(place)
        let end = max(nextOffset, expectedOffset)
        var next = try Segment.nextBatch(in: file, after: position, to: writtenSize, offsets: expectedOffset..<end)
        if let neighbour = next, try isDoubtful(neighbour, behind: position, expectedOffset, file) {
            next = try Segment.nextBatch(
                in: file, after: neighbour.position, to: writtenSize,
                offsets: min(neighbour.header.nextOffset, end)..<end)
        }
        let range = DamagedRange(
            positions: position..<(next?.position ?? writtenSize),
            offsets: expectedOffset..<max(next?.header.baseOffset ?? nextOffset, expectedOffset))
        damage.removeAll { range.positions.overlaps($0.positions) }
        damage.append(range)
        damage.sort { $0.positions.lowerBound < $1.positions.lowerBound }
        return range
    }

    /// Whether the base offset that is wrong may be that of the batch behind the damage, and not that of the one that stands
    /// there: both are whole, and their offsets overlap. Where no offset is missing in front of the two, the first one is
    /// wrong if the second follows on it as soon as it has the offset that is expected.
    private func isDoubtful(
        _ neighbour: (position: Int64, header: RecordBatchHeader), behind position: Int64, _ expectedOffset: Int64,
        _ file: any File
    ) throws(ReadFailure) -> Bool {
        var walker = BatchWalker(
            file, .blocking, from: position, to: neighbour.position, expectedOffset: expectedOffset,
            window: BatchWalker.contentWindow)
        let first: RecordBatchHeader?
        do {
            first = try walker.next()
        } catch .damaged {
            return false
        }
        guard let first, walker.position == neighbour.position, neighbour.header.baseOffset < first.nextOffset,
            try walker.isChecksumValid(first)
        else { return false }
        return neighbour.header.baseOffset - expectedOffset != Int64(first.lastOffsetDelta) + 1
    }

    /// Searches, byte by byte, for the next whole batch with a right checksum and an offset in the range.
    static func nextBatch(
        in file: any File, after position: Int64, to end: Int64, offsets: Range<Int64>
    ) throws(ReadFailure) -> (position: Int64, header: RecordBatchHeader)? {
        let window = MutableBuffer(uninitializedCount: BatchWalker.contentWindow)
        var windowStart = position + 1
        while end - windowStart >= Int64(RecordBatchHeader.size) {
            let wanted = Int(min(Int64(window.count), end - windowStart))
            let count = try file.read(
                into: UnsafeMutableRawBufferPointer(rebasing: window.bytes[..<wanted]), at: windowStart, .blocking)
            guard count >= RecordBatchHeader.size else { return nil }
            for offset in 0...(count - RecordBatchHeader.size) where window.bytes[offset + 16] == 2 {
                let bytes = UnsafeRawBufferPointer(rebasing: window.bytes[offset..<count])
                let candidate = windowStart + Int64(offset)
                guard let header = RecordBatchHeader(plausible: bytes), offsets.contains(header.baseOffset),
                    Int64(header.totalSize) <= end - candidate
                else { continue }
                var walker = BatchWalker(
                    file, .blocking, from: candidate, to: end, expectedOffset: header.baseOffset,
                    window: BatchWalker.contentWindow)
                if let header = try walker.next(), try walker.isChecksumValid(header) { return (candidate, header) }
            }
            windowStart += Int64(count - RecordBatchHeader.size + 1)
        }
        return nil
    }
}
