import Bytes
import Files
import Records

/// A record's timestamp and place, as ListOffsets answers it.
public struct TimestampedOffset: Sendable, Equatable {
    /// Milliseconds since 1970.
    public var timestamp: Int64
    public var offset: Int64
    public var leaderEpoch: Int32

    public init(timestamp: Int64, offset: Int64, leaderEpoch: Int32) {
        self.timestamp = timestamp
        self.offset = offset
        self.leaderEpoch = leaderEpoch
    }
}

extension Log {
    /// The first record from the log's start on whose timestamp is `timestamp` or later; nil if no written one is.
    public func offset(forTimestamp timestamp: Int64) -> Consulted<TimestampedOffset?> {
        let (start, epochs) = (logStartOffset, epochs)
        return consult { (segments, mode) throws(ReadFailure) in
            try segments.first(atOrAfter: timestamp, from: start, epochs, mode)
        }
    }

    /// The first record from the log's start on that has the largest timestamp of all these; nil in a log without
    /// timestamps.
    public func maxTimestampOffset() -> Consulted<TimestampedOffset?> {
        let (start, epochs) = (logStartOffset, epochs)
        return consult { (segments, mode) throws(ReadFailure) in
            guard let largest = try segments.maxTimestamp(from: start, mode) else { return nil }
            return try segments.first(atOrAfter: largest, from: start, epochs, mode)
        }
    }

    /// The timestamp of the first written record at `offset` or behind it; nil where there is none, or it has none.
    public func timestamp(ofFirstFrom offset: Int64) -> Consulted<Int64?> {
        let start = max(offset, logStartOffset)
        return consult { (segments, mode) throws(ReadFailure) in
            try segments.timestamp(ofFirstFrom: start, mode)
        }
    }
}

extension SegmentSet {
    fileprivate mutating func first(
        atOrAfter timestamp: Int64, from start: Int64, _ epochs: LeaderEpochCache, _ mode: ReadMode
    ) throws(ReadFailure) -> TimestampedOffset? {
        for index in index(containing: start)..<segments.count {
            try segments[index].confirmNewestTime(place, mode)
            guard segments[index].maxTimestamp >= timestamp else { continue }
            guard var found = try segments[index].first(atOrAfter: timestamp, from: start, place, mode) else {
                continue
            }
            // That of the batch lies outside its checksum.
            found.leaderEpoch = epochs.epoch(at: found.offset) ?? found.leaderEpoch
            return found
        }
        return nil
    }

    fileprivate mutating func timestamp(ofFirstFrom offset: Int64, _ mode: ReadMode) throws(ReadFailure) -> Int64? {
        for index in index(containing: offset)..<segments.count {
            if let found = try segments[index].timestamp(ofFirstFrom: offset, place, mode) {
                return found < 0 ? nil : found
            }
        }
        return nil
    }

    /// nil where no record from `start` on has a timestamp.
    fileprivate mutating func maxTimestamp(from start: Int64, _ mode: ReadMode) throws(ReadFailure) -> Int64? {
        let first = index(containing: start)
        var largest: Int64 = -1
        for index in first..<segments.count { try segments[index].confirmNewestTime(place, mode) }
        for segment in segments[(first + 1)...] { largest = max(largest, segment.maxTimestamp) }
        if segments[first].maxTimestamp > largest {
            largest = max(largest, try segments[first].maxTimestamp(from: start, place, mode))
        }
        return largest < 0 ? nil : largest
    }
}

extension Segment {
    fileprivate mutating func first(
        atOrAfter timestamp: Int64, from start: Int64, _ place: LogPlace, _ mode: ReadMode
    ) throws(ReadFailure) -> TimestampedOffset? {
        try mendingOnTheWay(place, mode) { (segment) throws(ReadFailure) in
            try segment.firstKnown(atOrAfter: timestamp, from: start, place, mode)
        }
    }

    /// The largest timestamp of the records from `start` on, -1 where none has any.
    fileprivate mutating func maxTimestamp(
        from start: Int64, _ place: LogPlace, _ mode: ReadMode
    ) throws(ReadFailure) -> Int64 {
        if start <= baseOffset { return maxTimestamp }
        return try mendingOnTheWay(place, mode) { (segment) throws(ReadFailure) in
            try segment.maxKnownTimestamp(from: start, place, mode)
        }
    }

    /// -1 of a record that has none; nil where there is no record.
    fileprivate mutating func timestamp(
        ofFirstFrom offset: Int64, _ place: LogPlace, _ mode: ReadMode
    ) throws(ReadFailure) -> Int64? {
        try mendingOnTheWay(place, mode) { (segment) throws(ReadFailure) in
            try segment.knownTimestamp(ofFirstFrom: offset, place, mode)
        }
    }

    /// Tries a look-up again when it met damage, which is stepped over then, or an index that had to be made anew.
    private mutating func mendingOnTheWay<Value>(
        _ place: LogPlace, _ mode: ReadMode, _ lookUp: (inout Segment) throws(ReadFailure) -> Value
    ) throws(ReadFailure) -> Value {
        while true {
            do {
                return try lookUp(&self)
            } catch .damaged(let position, let expectedOffset) {
                if mode == .cached { throw .needsDisk }
                try examineDamage(at: position, expectedOffset: expectedOffset, place)
            } catch .badIndex {
                if mode == .cached { throw .needsDisk }
                try rebuildIndexes(place)
            }
        }
    }

    private mutating func firstKnown(
        atOrAfter timestamp: Int64, from start: Int64, _ place: LogPlace, _ mode: ReadMode
    ) throws(ReadFailure) -> TimestampedOffset? {
        let from = max(start, try lowestOffset(atOrAfter: timestamp, place, mode))
        guard let first = try locate(from, place, mode) else { return nil }
        let file = try openLog(place)
        var walker = BatchWalker(
            file, mode, from: first.position, to: writtenSize, expectedOffset: first.header.baseOffset,
            offsetLimit: offsetLimit, skipping: damage)
        while let header = try walker.next() {
            guard header.maxTimestamp >= timestamp, header.lastOffset >= start, header.recordCount > 0 else { continue }
            let found = try withBatch(header, at: walker.batchPosition, of: file, mode) {
                $0.first(atOrAfter: timestamp, from: start)
            }
            if let found { return found }
        }
        return nil
    }

    /// No record in front of it has the timestamp or a later one.
    ///
    /// An entry that was changed may name a later batch that has its timestamp as well. The entry in front of it is asked
    /// then, which has to be right as well.
    private mutating func lowestOffset(
        atOrAfter timestamp: Int64, _ place: LogPlace, _ mode: ReadMode
    ) throws(ReadFailure) -> Int64 {
        let index = timeIndex
        let found = try index.floor({ () throws(ReadFailure) in try openTimeIndex(place) }, mode) {
            $0.timestamp <= timestamp
        }
        guard let found else { return baseOffset }
        try check(found.entry, place, mode)
        guard found.index > 0 else { return baseOffset }
        let before = try index.entry(
            at: found.index - 1, { () throws(ReadFailure) in try openTimeIndex(place) }, mode)
        guard before.timestamp < found.entry.timestamp, before.relativeOffset < found.entry.relativeOffset else {
            throw .badIndex
        }
        try check(before, place, mode)
        return baseOffset + Int64(before.relativeOffset)
    }

    private mutating func knownTimestamp(
        ofFirstFrom offset: Int64, _ place: LogPlace, _ mode: ReadMode
    ) throws(ReadFailure) -> Int64? {
        guard let first = try locate(offset, place, mode) else { return nil }
        let file = try openLog(place)
        var walker = BatchWalker(
            file, mode, from: first.position, to: writtenSize, expectedOffset: first.header.baseOffset,
            offsetLimit: offsetLimit, skipping: damage)
        while let header = try walker.next() {
            guard header.lastOffset >= offset, header.recordCount > 0 else { continue }
            if let known = header.timestamp(ofFirstFrom: offset) { return known }
            let found = try withBatch(header, at: walker.batchPosition, of: file, mode) {
                $0.timestamp(ofFirstFrom: offset)
            }
            if let found { return found }
        }
        return nil
    }

    /// A segment's own largest timestamp may be that of a record below the start, so the batches behind it are walked over.
    private mutating func maxKnownTimestamp(
        from start: Int64, _ place: LogPlace, _ mode: ReadMode
    ) throws(ReadFailure) -> Int64 {
        guard let first = try locate(start, place, mode) else { return -1 }
        if let newest = try locate(maxTimestampOffset, place, mode)?.header, newest.baseOffset >= start,
            newest.maxTimestamp == maxTimestamp
        {
            return maxTimestamp
        }
        let file = try openLog(place)
        var walker = BatchWalker(
            file, mode, from: first.position, to: writtenSize, expectedOffset: first.header.baseOffset,
            offsetLimit: offsetLimit, skipping: damage)
        var largest: Int64 = -1
        while let header = try walker.next() {
            guard header.maxTimestamp > largest, header.lastOffset >= start else { continue }
            if header.baseOffset >= start {
                largest = header.maxTimestamp
                continue
            }
            let found = try withBatch(header, at: walker.batchPosition, of: file, mode) {
                $0.maxTimestamp(from: start)
            }
            largest = max(largest, found)
        }
        return largest
    }

    private func withBatch<Value>(
        _ header: RecordBatchHeader, at position: Int64, of file: any File, _ mode: ReadMode,
        _ body: (RecordBatchView) -> Value
    ) throws(ReadFailure) -> Value {
        if header.attributes.isCompressed, mode == .cached { throw .needsDisk }
        let batch = MutableBuffer(uninitializedCount: header.totalSize)
        guard try file.read(into: batch.bytes, at: position, mode) == header.totalSize,
            let view = try? RecordBatchView(UnsafeRawBufferPointer(batch.bytes)), view.isChecksumValid
        else { throw .damaged(position: position, expectedOffset: header.baseOffset) }
        return body(view)
    }
}

extension SegmentSet {
    /// Makes sure of the times of the oldest segments, up to the first of which retention by time would leave.
    mutating func confirmTimes(before limit: Int64, _ mode: ReadMode) throws(ReadFailure) {
        for index in segments.indices.dropLast() {
            try segments[index].confirmNewestTime(place, mode)
            if segments[index].retentionTimestamp >= limit { return }
        }
    }
}

extension Segment {
    /// Makes sure that `maxTimestamp` is that of the batches, once for each opening of the segment: after a clean stop it is
    /// what the last entry of the time index says, and nothing would tell that this was changed or is not the last.
    mutating func confirmNewestTime(_ place: LogPlace, _ mode: ReadMode) throws(ReadFailure) {
        if isNewestTimeConfirmed { return }
        if mode == .cached { throw .needsDisk }
        try mendingOnTheWay(place, mode) { (segment) throws(ReadFailure) in
            if segment.isNewestTimeConfirmed { return }
            try segment.confirmNewestTime(upTo: segment.writtenSize, place, mode)
        }
    }

    /// Throws `badIndex` if a batch in front of `limit` has a larger timestamp than the last entry, or the entry a wrong one.
    mutating func confirmNewestTime(upTo limit: Int64, _ place: LogPlace, _ mode: ReadMode) throws(ReadFailure) {
        var start = Start(position: 0, expectedOffset: baseOffset)
        if let last = timeIndex.last {
            try check(last, place, mode)
            if let found = try locate(maxTimestampOffset, place, mode) {
                start = Start(position: found.position, expectedOffset: found.header.baseOffset)
            }
        }
        var walker = BatchWalker(
            try openLog(place), mode, from: start.position, to: writtenSize, expectedOffset: start.expectedOffset,
            offsetLimit: offsetLimit, skipping: damage)
        while walker.position < limit, let header = try walker.next() {
            if header.recordCount > 0, header.maxTimestamp > maxTimestamp { throw .badIndex }
        }
        isNewestTimeConfirmed = true
    }

    /// Throws `badIndex` unless a batch ends where the entry says and has the largest timestamp that it says.
    mutating func check(_ entry: TimeIndexEntry, _ place: LogPlace, _ mode: ReadMode) throws(ReadFailure) {
        let offset = baseOffset + Int64(entry.relativeOffset)
        if damage.contains(where: { $0.offsets.contains(offset) }) { return }
        // A batch that is only staged yet.
        if writtenSize < size, offset == maxTimestampOffset { return }
        guard let header = try locate(offset, place, mode)?.header, header.lastOffset == offset,
            header.maxTimestamp == entry.timestamp
        else { throw .badIndex }
    }
}

extension RecordBatchView {
    /// What a batch that was accepted unpacks to at most.
    private static let unpackedLimit = 256 << 20

    fileprivate func first(atOrAfter timestamp: Int64, from start: Int64) -> TimestampedOffset? {
        if header.attributes.timestampType == .logAppendTime {
            return TimestampedOffset(
                timestamp: header.maxTimestamp, offset: max(header.baseOffset, start),
                leaderEpoch: header.partitionLeaderEpoch)
        }
        var found: TimestampedOffset?
        visit(from: start) { recordTimestamp, offset in
            guard recordTimestamp >= timestamp else { return true }
            found = TimestampedOffset(
                timestamp: recordTimestamp, offset: offset, leaderEpoch: header.partitionLeaderEpoch)
            return false
        }
        return found
    }

    fileprivate func timestamp(ofFirstFrom offset: Int64) -> Int64? {
        var found: Int64?
        visit(from: offset) { timestamp, _ in
            found = timestamp
            return false
        }
        return found
    }

    fileprivate func maxTimestamp(from start: Int64) -> Int64 {
        if header.attributes.timestampType == .logAppendTime { return header.maxTimestamp }
        var largest: Int64 = -1
        visit(from: start) { timestamp, _ in
            largest = max(largest, timestamp)
            return true
        }
        return largest
    }

    /// Shows the timestamps and offsets of the records from `start` on, as long as `body` wants more.
    private func visit(from start: Int64, _ body: (_ timestamp: Int64, _ offset: Int64) -> Bool) {
        guard let compression = header.attributes.compression else { return }
        let scratch = CodecScratch()
        guard
            let bytes = try? scratch.decompress(
                storedRecords, compression, limit: RecordBatchView.unpackedLimit)
        else { return }
        var records = RecordIterator(bytes, count: header.recordCount)
        while let record = try? records.next() {
            let offset = header.offset(of: record)
            if offset >= start, !body(header.timestamp(of: record), offset) { return }
        }
    }
}

extension RecordBatchHeader {
    /// Where the header alone says it: nil where the records have to be looked at, as of a batch that lost some to compaction.
    fileprivate func timestamp(ofFirstFrom offset: Int64) -> Int64? {
        if attributes.timestampType == .logAppendTime { return maxTimestamp }
        let isWhole = Int64(recordCount) == lastOffset - baseOffset + 1
        return isWhole && offset <= baseOffset ? baseTimestamp : nil
    }
}
