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
    ///
    /// - Parameters:
    ///   - limit: no batch behind the damage ends past it; nil: past the segment's end.
    ///   - end: the offset up to which batches stood in the segment, as far as is known; nil: all that the segment has.
    @discardableResult
    mutating func examineDamage(
        at position: Int64, expectedOffset: Int64, limit: Int64? = nil, end: Int64? = nil, _ place: LogPlace
    ) throws(ReadFailure) -> DamagedRange {
        let (limit, end) = (limit ?? nextOffset, end ?? nextOffset)
        let file = try openLog(place)
        let first = try Segment.wholeBatch(in: file, at: position, to: writtenSize)
        let offsets = expectedOffset..<max(limit, expectedOffset)
        var start = position + Int64(first?.totalSize ?? 1)
        if first == nil, let size = try agreedSize(at: position, expectedOffset: expectedOffset, end: end, file) {
            start = position + Int64(size)
        }
        var next = try Segment.nextBatch(in: file, from: start, to: writtenSize, offsets: offsets)
        if let first, let neighbour = next, neighbour.position == position + Int64(first.totalSize),
            try isDoubtful(neighbour, behind: first, expectedOffset: expectedOffset, end: end, file)
        {
            next = try Segment.nextBatch(
                in: file, from: neighbour.position + Int64(neighbour.header.totalSize), to: writtenSize,
                offsets: offsets)
        }
        let range = DamagedRange(
            positions: position..<(next?.position ?? writtenSize),
            offsets: expectedOffset..<max(next?.header.baseOffset ?? end, expectedOffset))
        damage.removeAll { range.positions.overlaps($0.positions) }
        damage.append(range)
        damage.sort { $0.positions.lowerBound < $1.positions.lowerBound }
        return range
    }

    /// How long a damaged batch says that it is, where the batch behind it, or the end, has the offset that it says as well.
    /// Then nothing of its records is searched for batches, which may look like whole ones.
    private func agreedSize(
        at position: Int64, expectedOffset: Int64, end: Int64, _ file: any File
    ) throws(ReadFailure) -> Int? {
        guard let header = try Segment.header(in: file, at: position, to: writtenSize),
            header.baseOffset == expectedOffset, Int64(header.totalSize) <= writtenSize - position
        else { return nil }
        let behind = position + Int64(header.totalSize)
        if behind == writtenSize { return header.nextOffset == end ? header.totalSize : nil }
        let next = try Segment.wholeBatch(in: file, at: behind, to: writtenSize)
        return next?.baseOffset == header.nextOffset ? header.totalSize : nil
    }

    /// Of two whole batches with offsets that overlap either may have the wrong ones. The second one's are believed only where
    /// nothing is missing: in front of the two, if the first one had those that are expected, nor behind.
    private func isDoubtful(
        _ neighbour: (position: Int64, header: RecordBatchHeader), behind first: RecordBatchHeader,
        expectedOffset: Int64, end: Int64, _ file: any File
    ) throws(ReadFailure) -> Bool {
        let (second, position) = (neighbour.header, neighbour.position + Int64(neighbour.header.totalSize))
        guard first.baseOffset >= expectedOffset, second.baseOffset < first.nextOffset else { return false }
        guard second.baseOffset - expectedOffset == Int64(first.lastOffsetDelta) + 1 else { return true }
        if let third = try Segment.header(in: file, at: position, to: writtenSize) {
            return third.baseOffset != second.nextOffset
        }
        return second.nextOffset < end
    }

    private static func header(
        in file: any File, at position: Int64, to end: Int64
    ) throws(ReadFailure) -> RecordBatchHeader? {
        guard end - position >= Int64(RecordBatchHeader.size) else { return nil }
        let bytes = MutableBuffer(uninitializedCount: RecordBatchHeader.size)
        guard try file.read(into: bytes.bytes, at: position, .blocking) == bytes.count else { return nil }
        return RecordBatchHeader(plausible: UnsafeRawBufferPointer(bytes.bytes))
    }

    /// The batch that begins at `position`, if its bytes are those of its checksum, whatever its offsets are.
    private static func wholeBatch(
        in file: any File, at position: Int64, to end: Int64
    ) throws(ReadFailure) -> RecordBatchHeader? {
        guard let header = try header(in: file, at: position, to: end),
            try isWhole(header, in: file, at: position, to: end)
        else { return nil }
        return header
    }

    private static func isWhole(
        _ header: RecordBatchHeader, in file: any File, at position: Int64, to end: Int64
    ) throws(ReadFailure) -> Bool {
        guard Int64(header.totalSize) <= end - position else { return false }
        var walker = BatchWalker(
            file, .blocking, from: position, to: end, expectedOffset: header.baseOffset,
            window: BatchWalker.contentWindow)
        guard let header = try walker.next() else { return false }
        return try walker.isChecksumValid(header)
    }

    /// Searches, byte by byte, for the next whole batch with a right checksum and all offsets in the range.
    static func nextBatch(
        in file: any File, from position: Int64, to end: Int64, offsets: Range<Int64>
    ) throws(ReadFailure) -> (position: Int64, header: RecordBatchHeader)? {
        let window = MutableBuffer(uninitializedCount: BatchWalker.contentWindow)
        var windowStart = position
        while end - windowStart >= Int64(RecordBatchHeader.size) {
            let wanted = Int(min(Int64(window.count), end - windowStart))
            let count = try file.read(
                into: UnsafeMutableRawBufferPointer(rebasing: window.bytes[..<wanted]), at: windowStart, .blocking)
            guard count >= RecordBatchHeader.size else { return nil }
            for offset in 0...(count - RecordBatchHeader.size) where window.bytes[offset + 16] == 2 {
                let bytes = UnsafeRawBufferPointer(rebasing: window.bytes[offset..<count])
                let candidate = windowStart + Int64(offset)
                guard let header = RecordBatchHeader(plausible: bytes), header.baseOffset >= offsets.lowerBound,
                    header.nextOffset <= offsets.upperBound
                else { continue }
                if try isWhole(header, in: file, at: candidate, to: end) { return (candidate, header) }
            }
            windowStart += Int64(count - RecordBatchHeader.size + 1)
        }
        return nil
    }
}
