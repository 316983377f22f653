import Files
import Records

/// One pass of compaction over the sealed segments of a log, with its own view of them. Made by `Log.beginCompaction`, run
/// on a thread that may wait for the disk; `Log.endCompaction` must follow.
///
/// 1. The keys of the dirty segments, those that no pass has seen, go into a table with their newest offsets.
/// 2. From the log's beginning to where the table reaches, each record that has a newer one of its key is dropped, group of
///    segments by group; a group becomes one segment.
public struct Compaction: Sendable {
    /// The segments that may be touched, oldest first.
    let segments: [Segment]
    let firstDirtyOffset: Int64
    let abortedTransactions: [AbortedTransaction]
    let lastBatches: LastBatches
    let configuration: LogConfiguration
    let place: LogPlace

    /// Where the last of the segments ends.
    var upTo: Int64 { segments.last?.nextOffset ?? firstDirtyOffset }

    public func run(
        _ options: CompactionOptions, _ host: some CompactionHost
    ) throws(CompactionError) -> CompactionResult {
        let scratch = CodecScratch()
        var map = OffsetMap(
            bytes: options.mapBytes, loadFactor: options.mapLoadFactor, keys: upTo - firstDirtyOffset,
            hasher: KeyHasher(secret: options.secret))
        let mappedEnd = try fill(&map, scratch, options, host)
        var cleaner = SegmentCleaner(self, mappedEnd: mappedEnd, scratch, options)
        var result = CompactionResult()
        for group in groups(upTo: mappedEnd) {
            result.bytesBefore += group.reduce(0) { $0 + $1.size }
            if let replacement = try cleaner.clean(group, map, host) {
                try replace(with: replacement, host)
                result.bytesAfter += replacement.size
            } else {
                result.bytesAfter += group.reduce(0) { $0 + $1.size }
            }
        }
        result.cleanedOffset = mappedEnd
        result.isPartial = mappedEnd < upTo
        result.keys = map.count
        result.tableUse = Double(map.count * OffsetMap.slotSize) / Double(max(options.mapBytes, 1))
        return result
    }

    /// Takes the keys of all dirty records that were not taken back. Answers the offset up to which that was possible.
    private func fill(
        _ map: inout OffsetMap, _ scratch: CodecScratch, _ options: CompactionOptions, _ host: some CompactionHost
    ) throws(CompactionError) -> Int64 {
        let transactions = CompactedTransactions(abortedTransactions)
        for var segment in segments where segment.nextOffset > firstDirtyOffset {
            var reader = try BatchReader(&segment, place, bufferSize: options.bufferBytes)
            var told = 0
            while true {
                let position = reader.position
                guard let batch = try reader.next() else { break }
                if reader.bytesRead > told {
                    guard host.advanced(by: reader.bytesRead - told) else { throw .cancelled }
                    told = reader.bytesRead
                }
                let header = batch.header
                if header.nextOffset <= firstDirtyOffset || header.attributes.isControl || header.recordCount == 0
                    || transactions.isAborted(header)
                {
                    continue
                }
                do {
                    if let end = try map.take(
                        batch, from: firstDirtyOffset, scratch, limit: options.maximumDecompressedSize)
                    {
                        return end
                    }
                } catch {
                    throw .corrupt(segment: segment.baseOffset, position: position)
                }
            }
        }
        return upTo
    }

    /// Groups of neighbouring segments that together fit into one.
    private func groups(upTo end: Int64) -> [[Segment]] {
        var groups: [[Segment]] = []
        var size: Int64 = 0
        var offsetEntries = 0
        var timeEntries = 0
        for segment in segments where segment.baseOffset < end {
            size += segment.size
            offsetEntries += segment.offsetIndex.count
            timeEntries += segment.timeIndex.count
            if let first = groups.last?.first, size <= configuration.segmentLimit,
                offsetEntries <= configuration.indexCapacity(entrySize: OffsetIndexEntry.size),
                timeEntries <= configuration.indexCapacity(entrySize: TimeIndexEntry.size),
                segment.nextOffset - 1 - first.baseOffset <= Int64(Int32.max)
            {
                groups[groups.count - 1].append(segment)
            } else {
                groups.append([segment])
                size = segment.size
                offsetEntries = segment.offsetIndex.count
                timeEntries = segment.timeIndex.count
            }
        }
        return groups
    }

    private func replace(
        with replacement: SegmentReplacement, _ host: some CompactionHost
    ) throws(CompactionError) {
        do {
            try replacement.publish()
        } catch {
            replacement.withdraw()
            throw .file(error)
        }
        guard host.install(replacement) else { throw .cancelled }
        do {
            try replacement.complete()
        } catch {
            throw .file(error)
        }
        host.settle(replacement)
    }
}

extension OffsetMap {
    /// Takes the batch's records from an offset on. Where there is no room for one, its offset.
    fileprivate mutating func take(
        _ batch: RecordBatchView, from start: Int64, _ scratch: CodecScratch, limit: Int
    ) throws -> Int64? {
        guard let compression = batch.header.attributes.compression else { throw CodecError.corrupt }
        defer { scratch.trim() }
        let bytes = try scratch.decompress(batch.storedRecords, compression, limit: limit)
        var records = RecordIterator(bytes, count: batch.header.recordCount)
        var hashes: [KeyHash?] = []
        var offsets: [Int64] = []
        while let record = try records.next() {
            let offset = batch.header.offset(of: record)
            guard offset >= start, let key = record.key else { continue }
            hashes.append(hash(key))
            offsets.append(offset)
            if hashes.count == BatchFilter.groupSize, let end = insert(&hashes, &offsets) { return end }
        }
        return insert(&hashes, &offsets)
    }

    private mutating func insert(_ hashes: inout [KeyHash?], _ offsets: inout [Int64]) -> Int64? {
        fetch(hashes)
        for case (let hash?, let offset) in zip(hashes, offsets) {
            if !insert(hash, offset: offset) { return offset }
        }
        hashes.removeAll(keepingCapacity: true)
        offsets.removeAll(keepingCapacity: true)
        return nil
    }
}

/// The newest batch that the log has of each producer: what tells its epoch and its last sequence number.
struct LastBatches: Sendable {
    struct Entry: Sendable {
        /// nil for a producer of which only a marker is known.
        var lastOffset: Int64?
        var epoch: Int16
    }

    var entries: [Int64: Entry] = [:]

    /// Whether a batch has to stay, if only as a header, so that its producer is still known after the log was read anew.
    func contains(_ header: RecordBatchHeader) -> Bool {
        guard header.hasProducerId, let entry = entries[header.producerId] else { return false }
        guard let lastOffset = entry.lastOffset else {
            return header.attributes.isControl && header.producerEpoch == entry.epoch
        }
        return header.lastOffset == lastOffset
    }
}
