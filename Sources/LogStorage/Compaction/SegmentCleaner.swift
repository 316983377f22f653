import Bytes
import Files
import Records

/// Goes through the segments of a log, from its beginning, and writes what is to be kept of them.
struct SegmentCleaner: ~Copyable {
    private let compaction: Compaction
    /// The table has the keys of all records before this offset.
    private let mappedEnd: Int64
    private let options: CompactionOptions
    private var transactions: CompactedTransactions
    private var filter: BatchFilter

    init(_ compaction: Compaction, mappedEnd: Int64, _ scratch: CodecScratch, _ options: CompactionOptions) {
        self.compaction = compaction
        self.mappedEnd = mappedEnd
        self.options = options
        transactions = CompactedTransactions(compaction.abortedTransactions)
        filter = BatchFilter(maximumDecompressedSize: options.maximumDecompressedSize, scratch: scratch)
    }

    /// What becomes of one batch.
    private enum Fate {
        case kept
        case dropped
        /// Only the header stays.
        case emptied
        /// The filter has the new one.
        case rebuilt(RecordBatchHeader)
    }

    /// Writes one segment for all of the group; nil where it would be the same as the only one of the group.
    mutating func clean(
        _ group: [Segment], _ map: borrowing OffsetMap, _ host: some CompactionHost
    ) throws(CompactionError) -> SegmentReplacement? {
        guard let first = group.first, let last = group.last else { preconditionFailure("a group has segments") }
        let place = compaction.place
        do {
            var target = try CleanedSegment(
                baseOffset: first.baseOffset, createdAt: last.createdAt, place,
                indexInterval: compaction.configuration.indexIntervalBytes, bufferSize: options.bufferBytes)
            var isChanged = group.count > 1
            for segment in group {
                let isLast = segment.baseOffset == last.baseOffset
                isChanged = try copy(segment, isLastOfGroup: isLast, map, into: &target, host) || isChanged
            }
            guard isChanged else {
                try SegmentReplacement.remove(first.baseOffset, place)
                return nil
            }
            return try target.finish(nextOffset: last.nextOffset, replacing: group.map(\.baseOffset))
        } catch let error as CompactionError {
            try? SegmentReplacement.remove(first.baseOffset, place)
            throw error
        } catch let error as FileError {
            try? SegmentReplacement.remove(first.baseOffset, place)
            throw .file(error)
        } catch {
            preconditionFailure("nothing else is thrown")
        }
    }

    /// Whether anything was left out or changed.
    private mutating func copy(
        _ source: Segment, isLastOfGroup: Bool, _ map: borrowing OffsetMap, into target: inout CleanedSegment,
        _ host: some CompactionHost
    ) throws(CompactionError) -> Bool {
        var segment = source
        var reader = try BatchReader(&segment, compaction.place, bufferSize: options.bufferBytes)
        var told = Int(target.segment.writtenSize)
        var isChanged = false
        while true {
            let position = reader.position
            guard let batch = try reader.next() else { break }
            let fate: Fate
            do {
                // A segment ends with the batch in front of the next one, whatever else is dropped: recovery takes a
                // segment that ends too early for one whose end was lost.
                fate = try self.fate(of: batch, mustStay: isLastOfGroup && reader.isAtEnd, map, &target)
            } catch {
                throw .corrupt(segment: segment.baseOffset, position: position)
            }
            switch fate {
            case .kept: try target.append(batch.bytes, batch.header)
            case .dropped: isChanged = true
            case .emptied:
                isChanged = true
                try target.append(batch.header.emptied)
            case .rebuilt(let header):
                isChanged = true
                try filter.withFiltered { (bytes) throws(CompactionError) in try target.append(bytes, header) }
                filter.trim()
            }
            let done = reader.bytesRead + Int(target.segment.writtenSize)
            if done > told {
                guard host.advanced(by: done - told) else { throw .cancelled }
                told = done
            }
        }
        return isChanged
    }

    private mutating func fate(
        of batch: RecordBatchView, mustStay: Bool, _ map: borrowing OffsetMap, _ target: inout CleanedSegment
    ) throws(CodecError) -> Fate {
        let header = batch.header
        let isLast = compaction.lastBatches.contains(header) && !PlantedBug.compactionForgetsProducers.isOn
        let mustStay = mustStay || isLast
        if header.attributes.isControl { return try fate(ofControl: batch, mustStay: mustStay, &target) }
        transactions.meet(header)
        if header.recordCount == 0 { return mustStay ? .kept : .dropped }
        if transactions.isAborted(header) { return mustStay ? .emptied : .dropped }
        if header.baseOffset >= mappedEnd { return .kept }
        let (end, now) = (mappedEnd, options.now)
        let keepsTombstones = header.deleteHorizon.map { $0 > now } ?? true
        let outcome = try filter.filter(batch, horizon: horizon(isWanted: false)) { group, answers in
            let hashes = group.map { $0.key.map { map.hash($0) } }
            map.fetch(hashes)
            for (record, hash) in zip(group, hashes) {
                let offset = header.offset(of: record)
                if offset >= end {
                    answers.append(true)
                } else if let hash, record.value != nil || keepsTombstones {
                    answers.append(offset >= map.offset(of: hash) ?? offset)
                } else {
                    answers.append(false)
                }
            }
        }
        return fate(outcome, mustStay: mustStay)
    }

    /// A marker stays while a batch of its transaction is there, and from then on as long as a tombstone would.
    private mutating func fate(
        ofControl batch: RecordBatchView, mustStay: Bool, _ target: inout CleanedSegment
    ) throws(CodecError) -> Fate {
        let header = batch.header
        if header.recordCount == 0 { return mustStay ? .kept : .dropped }
        guard let marker = EndTransactionMarker(controlBatch: batch) else { return .kept }
        let (isSpent, transaction) = transactions.end(header, marker)
        if let transaction { target.keep(transaction) }
        guard isSpent else { return .kept }
        if let horizon = header.deleteHorizon, horizon <= options.now { return mustStay ? .emptied : .dropped }
        return fate(try filter.filter(batch, horizon: horizon(isWanted: true)) { _ in true }, mustStay: mustStay)
    }

    private func fate(_ outcome: BatchFilter.Outcome, mustStay: Bool) -> Fate {
        switch outcome {
        case .unchanged: .kept
        case .rebuilt(let header): .rebuilt(header)
        case .empty: mustStay ? .emptied : .dropped
        }
    }

    private func horizon(isWanted: Bool) -> BatchFilter.Horizon {
        let (time, overflow) = options.now.addingReportingOverflow(compaction.configuration.deleteRetentionMs)
        return BatchFilter.Horizon(time: overflow ? .max : time, isWanted: isWanted)
    }
}
