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
        let start = logStartOffset
        return consult { (segments, mode) throws(ReadFailure) in
            try segments.first(atOrAfter: timestamp, from: start, mode)
        }
    }

    /// The first record that has the largest timestamp of all; nil in a log without timestamps.
    public func maxTimestampOffset() -> Consulted<TimestampedOffset?> {
        let start = logStartOffset
        var largest: Int64 = -1
        for segment in segments.segments where segment.nextOffset > start {
            largest = max(largest, segment.maxTimestamp)
        }
        if largest < 0 { return .answer(nil) }
        return offset(forTimestamp: largest)
    }
}

extension SegmentSet {
    fileprivate mutating func first(
        atOrAfter timestamp: Int64, from start: Int64, _ mode: ReadMode
    ) throws(ReadFailure) -> TimestampedOffset? {
        for index in index(containing: start)..<segments.count where segments[index].maxTimestamp >= timestamp {
            if let found = try segments[index].first(atOrAfter: timestamp, from: start, place, mode) { return found }
        }
        return nil
    }
}

extension Segment {
    fileprivate mutating func first(
        atOrAfter timestamp: Int64, from start: Int64, _ place: LogPlace, _ mode: ReadMode
    ) throws(ReadFailure) -> TimestampedOffset? {
        while true {
            do {
                return try firstKnown(atOrAfter: timestamp, from: start, place, mode)
            } catch .damaged(let position, let expectedOffset) {
                if mode == .cached { throw .needsDisk }
                _ = try examineDamage(at: position, expectedOffset: expectedOffset, place)
            } catch .badIndex {
                if mode == .cached { throw .needsDisk }
                try rebuildIndexes(place)
            }
        }
    }

    private mutating func firstKnown(
        atOrAfter timestamp: Int64, from start: Int64, _ place: LogPlace, _ mode: ReadMode
    ) throws(ReadFailure) -> TimestampedOffset? {
        let index = timeIndex
        let entry = try index.floor({ () throws(ReadFailure) in try openTimeIndex(place) }, mode) {
            $0.timestamp <= timestamp
        }?.entry
        if let entry { try check(entry, place, mode) }
        let from = max(start, baseOffset + Int64(entry?.relativeOffset ?? 0))
        guard let first = try locate(from, place, mode) else { return nil }
        let file = try openLog(place)
        var walker = BatchWalker(
            file, mode, from: first.position, to: writtenSize, expectedOffset: first.header.baseOffset, skipping: damage
        )
        while let header = try walker.next() {
            guard header.maxTimestamp >= timestamp, header.lastOffset >= start else { continue }
            if header.attributes.isCompressed, mode == .cached { throw .needsDisk }
            let batch = MutableBuffer(uninitializedCount: header.totalSize)
            guard try file.read(into: batch.bytes, at: walker.batchPosition, mode) == header.totalSize,
                let view = try? RecordBatchView(UnsafeRawBufferPointer(batch.bytes)), view.isChecksumValid
            else { throw .damaged(position: walker.batchPosition, expectedOffset: header.baseOffset) }
            if let found = view.first(atOrAfter: timestamp, from: start) { return found }
        }
        return nil
    }
}

extension Segment {
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
        guard let compression = header.attributes.compression else { return nil }
        let scratch = CodecScratch()
        guard
            let bytes = try? scratch.decompress(
                storedRecords, compression, limit: RecordBatchView.unpackedLimit)
        else { return nil }
        var records = RecordIterator(bytes, count: header.recordCount)
        while let record = try? records.next() {
            let offset = header.offset(of: record)
            let recordTimestamp = header.timestamp(of: record)
            if recordTimestamp >= timestamp, offset >= start {
                return TimestampedOffset(
                    timestamp: recordTimestamp, offset: offset, leaderEpoch: header.partitionLeaderEpoch)
            }
        }
        return nil
    }
}
