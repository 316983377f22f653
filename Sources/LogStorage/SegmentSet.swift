import Files

/// The segments of one log, oldest first; the last is the active one. There is always one.
///
/// A value: a copy of it answers questions on the blocking pool while its owner goes on.
struct SegmentSet: Sendable {
    let place: LogPlace
    var segments: [Segment]
    var hints = PositionHints()

    var active: Segment {
        _read { yield segments[segments.count - 1] }
        _modify { yield &segments[segments.count - 1] }
    }

    /// The segment in which `offset` has its place; the first for offsets before it.
    func index(containing offset: Int64) -> Int {
        var low = 0
        var high = segments.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if segments[middle].baseOffset <= offset { low = middle } else { high = middle }
        }
        return low
    }

    func index(of baseOffset: Int64) -> Int? {
        let index = index(containing: baseOffset)
        return segments[index].baseOffset == baseOffset ? index : nil
    }

    /// Bytes of all segments.
    var size: Int64 { segments.reduce(0) { $0 + $1.size } }

    /// Takes over what a copy has learnt about segments that are still here.
    mutating func absorb(_ other: SegmentSet) {
        for learnt in other.segments {
            guard let index = index(of: learnt.baseOffset) else { continue }
            segments[index].verified.formUnion(learnt.verified)
            segments[index].firstTimestamp = segments[index].firstTimestamp ?? learnt.firstTimestamp
            for range in learnt.damage where !segments[index].damage.contains(range) {
                segments[index].damage.append(range)
            }
            segments[index].damage.sort { $0.positions.lowerBound < $1.positions.lowerBound }
            if learnt.isSealed, segments[index].isSealed, !segments[index].needsSealing {
                segments[index].offsetIndex = learnt.offsetIndex
                segments[index].timeIndex = learnt.timeIndex
                segments[index].maxTimestamp = learnt.maxTimestamp
                segments[index].maxTimestampOffset = learnt.maxTimestampOffset
                segments[index].isNewestTimeConfirmed = learnt.isNewestTimeConfirmed
            }
        }
    }
}
