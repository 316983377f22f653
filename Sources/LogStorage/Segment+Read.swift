import Files
import Records

/// What a reader wants.
struct ReadRequest: Sendable {
    var offset: Int64
    var maximumBytes: Int
    /// The first offset that must not be read.
    var upTo: Int64
    /// Whether a batch larger than `maximumBytes` is returned when it is the first.
    var atLeastOneBatch: Bool
    /// The leader epochs that the batches have to have.
    var epochs: LeaderEpochCache
}

/// What one segment has for a reader.
enum SegmentRead {
    /// The bytes, and an offset that is to be found right behind them.
    case bytes(Range<Int64>, nextOffset: Int64)
    case damaged(Range<Int64>)
    /// No batch between the offset and the bound: the next segment may have one.
    case none
    /// The first batch is larger than the reader wants.
    case tooLarge
}

extension Segment {
    /// Plans a read of whole batches, of which all checksums have been compared.
    mutating func read(
        _ request: ReadRequest, hints: PositionHints, _ place: LogPlace, _ mode: ReadMode
    ) throws(ReadFailure) -> SegmentRead {
        while true {
            do {
                return try readKnown(request, hints, place, mode)
            } catch .damaged(let position, let expectedOffset) {
                if mode == .cached { throw .needsDisk }
                try examineDamage(at: position, expectedOffset: expectedOffset, place)
            } catch .badIndex {
                if mode == .cached { throw .needsDisk }
                try rebuildIndexes(place)
            }
        }
    }

    private mutating func readKnown(
        _ request: ReadRequest, _ hints: PositionHints, _ place: LogPlace, _ mode: ReadMode
    ) throws(ReadFailure) -> SegmentRead {
        if let range = damage.first(where: { $0.offsets.contains(request.offset) }) { return .damaged(range.offsets) }
        guard let found = try find(request.offset, hints, request.epochs, place, mode) else { return .none }
        let (start, first) = (found.position, found.header)
        let limit = try find(request.upTo, hints, request.epochs, place, mode)
        let bound = limit?.position ?? writtenSize
        guard bound > start else {
            // A batch that says that it reaches past the bound is believed if its checksum is right.
            try verify(start..<(start + 1), request.epochs, place, mode)
            return .none
        }
        var end = bound
        var nextOffset = min(request.upTo, self.nextOffset, limit?.header?.baseOffset ?? .max)
        if let first, first.totalSize > request.maximumBytes {
            guard request.atLeastOneBatch else { return .tooLarge }
            end = start + Int64(first.totalSize)
            nextOffset = first.nextOffset
        } else if let first, request.maximumBytes - first.totalSize < RecordBatchHeader.size {
            // No other batch has room beside it.
            end = start + Int64(first.totalSize)
            nextOffset = first.nextOffset
        } else if bound - start > Int64(request.maximumBytes) {
            let boundary = try boundary(
                atOrBefore: start + Int64(request.maximumBytes), from: start, expectedOffset: found.expectedOffset,
                place, mode)
            end = boundary.position
            if end <= start {
                guard request.atLeastOneBatch, let first = boundary.firstBatchEnd else { return .tooLarge }
                end = first
            }
            if end < bound { nextOffset = boundary.nextOffset } else { end = bound }
        }
        try verify(start..<end, request.epochs, place, mode)
        if let range = damage.first(where: { $0.positions.overlaps(start..<end) }) {
            if range.positions.lowerBound <= start { return .damaged(range.offsets) }
            end = range.positions.lowerBound
            nextOffset = range.offsets.lowerBound
        }
        return .bytes(start..<end, nextOffset: nextOffset)
    }

    /// Where the first batch begins that ends at or after `offset`, with its header where that was read; nil if it lies past
    /// the written part.
    ///
    /// Where no batch has the offset, the one in front of its place is compared with its checksum: it may be that one which
    /// says that it ends too early.
    private mutating func find(
        _ offset: Int64, _ hints: PositionHints, _ epochs: LeaderEpochCache, _ place: LogPlace, _ mode: ReadMode
    ) throws(ReadFailure) -> Start? {
        if offset <= baseOffset {
            return Start(position: start(of: baseOffset, at: 0), expectedOffset: baseOffset)
        }
        if offset >= nextOffset, writtenSize == size { return nil }
        if let position = hints.position(of: offset, in: baseOffset) {
            return Start(position: start(of: offset, at: position), expectedOffset: offset)
        }
        let (found, before) = try search(offset, place, mode)
        if let before, found?.header.baseOffset ?? .max > offset {
            try verify(before..<(before + 1), epochs, place, mode)
        }
        return found.map { Start(position: $0.position, expectedOffset: $0.header.baseOffset, header: $0.header) }
    }

    /// Where the batch begins that was expected at `position`: damage that took none of the offsets from this one on may have
    /// moved it.
    private func start(of offset: Int64, at position: Int64) -> Int64 {
        var position = position
        for range in damage where range.positions.contains(position) && range.offsets.upperBound <= offset {
            position = range.positions.upperBound
        }
        return position
    }
}

/// Places of batch boundaries that were found lately, so that a reader who goes on where it stopped need not search.
struct PositionHints: Sendable {
    private static let capacity = 16

    private struct Hint {
        var offset: Int64
        var segment: Int64
        var position: Int64
    }

    private var hints: [Hint] = []
    private var next = 0

    func position(of offset: Int64, in segment: Int64) -> Int64? {
        hints.first { $0.offset == offset && $0.segment == segment }?.position
    }

    /// The first batch that ends at or after `offset` begins at `position`.
    mutating func insert(_ offset: Int64, in segment: Int64, at position: Int64) {
        let hint = Hint(offset: offset, segment: segment, position: position)
        if hints.count < PositionHints.capacity {
            hints.append(hint)
        } else {
            hints[next] = hint
            next = (next + 1) % PositionHints.capacity
        }
    }

    mutating func removeAll() {
        hints = []
        next = 0
    }
}
