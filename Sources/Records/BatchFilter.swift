import Bytes

/// Makes batches anew without some of their records, as compaction does.
///
/// What stands in the header stays, but for length, record count, largest timestamp and checksum: offsets, sequence
/// numbers and the last offset delta go on telling what was produced.
public struct BatchFilter: ~Copyable {
    /// The bytes that the records of one batch may unpack to.
    public let maximumDecompressedSize: Int
    private let scratch: CodecScratch
    private var kept = ByteWriter()
    private var rebased = ByteWriter()
    private var target = ByteWriter()

    public enum Outcome: Equatable, Sendable {
        /// All records stay, and the header too.
        case unchanged
        /// `withFiltered` has the new batch.
        case rebuilt(RecordBatchHeader)
        /// No record stays.
        case empty
    }

    /// What is to happen to the batch's delete horizon.
    public struct Horizon: Sendable {
        /// The time from which tombstones may go, for a batch that has none yet; milliseconds since 1970.
        public var time: Int64
        /// Whether the batch gets one even if it keeps no tombstone.
        public var isWanted: Bool

        public init(time: Int64, isWanted: Bool) {
            self.time = time
            self.isWanted = isWanted
        }
    }

    public init(maximumDecompressedSize: Int, scratch: CodecScratch) {
        self.maximumDecompressedSize = maximumDecompressedSize
        self.scratch = scratch
    }

    /// Keeps the records for which `isKept` answers true, asked once for each, in order.
    ///
    /// Throws where the batch cannot be unpacked or its records are not what the format says.
    public mutating func filter(
        _ batch: RecordBatchView, horizon: Horizon, isKept: (RecordView) -> Bool
    ) throws(CodecError) -> Outcome {
        try filter(batch, horizon: horizon) { records, answers in
            for record in records { answers.append(isKept(record)) }
        }
    }

    /// How many records are asked about together, at most.
    public static let groupSize = 64

    /// As the other, but asks about some records at a time: `choose` appends to the empty array whether each is kept.
    public mutating func filter(
        _ batch: RecordBatchView, horizon: Horizon, choose: (_ group: [RecordView], _ answers: inout [Bool]) -> Void
    ) throws(CodecError) -> Outcome {
        guard let compression = batch.header.attributes.compression else { throw .corrupt }
        defer { scratch.trim() }
        let records = try scratch.decompress(batch.storedRecords, compression, limit: maximumDecompressedSize)
        let selection = try select(records, batch.header, choose)
        if selection.count == 0 { return .empty }
        let needsHorizon = !batch.header.attributes.hasDeleteHorizon && (selection.hasTombstone || horizon.isWanted)
        if selection.isWhole, !needsHorizon { return .unchanged }
        if selection.isWhole { kept.write(records) }
        var header = batch.header
        header.recordCount = selection.count
        if header.attributes.timestampType == .createTime { header.maxTimestamp = selection.maxTimestamp }
        if needsHorizon {
            try rebase(from: batch.header, to: horizon.time, count: selection.count)
            header.baseTimestamp = horizon.time
            header.attributes.hasDeleteHorizon = true
        }
        return .rebuilt(pack(header, compression, isRebased: needsHorizon))
    }

    /// The batch that `filter` rebuilt last.
    public func withFiltered<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try target.withUnsafeBytes(body)
    }

    private struct Selection {
        var count: Int32 = 0
        var isWhole = true
        var hasTombstone = false
        var maxTimestamp: Int64 = -1
    }

    /// Records that are decided on together, each with where it ends.
    private struct Group {
        var records: [RecordView] = []
        var ends: [Int] = []
        var answers: [Bool] = []

        mutating func fill(from iterator: inout RecordIterator, of size: Int) throws(DecodeError) {
            records.removeAll(keepingCapacity: true)
            ends.removeAll(keepingCapacity: true)
            answers.removeAll(keepingCapacity: true)
            while records.count < BatchFilter.groupSize, let record = try iterator.next() {
                records.append(record)
                ends.append(size - iterator.remainingBytes)
            }
        }
    }

    /// Copies the kept records into `kept`, unless that is all of them.
    private mutating func select(
        _ records: UnsafeRawBufferPointer, _ header: RecordBatchHeader, _ choose: ([RecordView], inout [Bool]) -> Void
    ) throws(CodecError) -> Selection {
        kept.truncate(to: 0)
        var selection = Selection()
        var iterator = RecordIterator(records, count: header.recordCount)
        var group = Group()
        // Records that stay and stand side by side are copied together.
        var runStart = 0
        var position = 0
        do {
            while true {
                try group.fill(from: &iterator, of: records.count)
                if group.records.isEmpty { break }
                choose(group.records, &group.answers)
                for index in group.records.indices {
                    if group.answers[index] {
                        let record = group.records[index]
                        selection.count += 1
                        selection.hasTombstone = selection.hasTombstone || record.value == nil
                        selection.maxTimestamp = max(selection.maxTimestamp, header.timestamp(of: record))
                    } else {
                        kept.write(UnsafeRawBufferPointer(rebasing: records[runStart..<position]))
                        runStart = group.ends[index]
                        selection.isWhole = false
                    }
                    position = group.ends[index]
                }
            }
        } catch {
            throw .corrupt
        }
        if !selection.isWhole { kept.write(UnsafeRawBufferPointer(rebasing: records[runStart..<position])) }
        return selection
    }

    /// Writes the kept records anew, with timestamps that count from another base.
    private mutating func rebase(from header: RecordBatchHeader, to base: Int64, count: Int32) throws(CodecError) {
        rebased.truncate(to: 0)
        do {
            var iterator = kept.withUnsafeBytes { RecordIterator($0, count: count) }
            while let record = try iterator.next() {
                let fields = RecordFields(
                    attributes: record.attributes, timestampDelta: header.timestamp(of: record) &- base,
                    offsetDelta: record.offsetDelta, key: record.key, value: record.value)
                rebased.writeRecord(fields, headers: record.headers)
            }
        } catch {
            throw .corrupt
        }
    }

    private mutating func pack(
        _ header: RecordBatchHeader, _ compression: Compression, isRebased: Bool
    ) -> RecordBatchHeader {
        target.truncate(to: 0)
        target.skipBatchHeader()
        if isRebased {
            rebased.withUnsafeBytes {
                scratch.compress($0, compression, level: compression.defaultLevel, into: &target)
            }
        } else {
            kept.withUnsafeBytes {
                scratch.compress($0, compression, level: compression.defaultLevel, into: &target)
            }
        }
        return target.completeBatch(header)
    }

    /// Gives back the memory that an unusually large batch has taken.
    public mutating func trim() {
        if kept.capacity > CodecScratch.retainedCapacity { kept = ByteWriter() }
        if rebased.capacity > CodecScratch.retainedCapacity { rebased = ByteWriter() }
        if target.capacity > CodecScratch.retainedCapacity { target = ByteWriter() }
    }
}

extension RecordBatchHeader {
    /// A batch without records that keeps the place, the producer and the sequence numbers of this one.
    public var emptied: RecordBatchHeader {
        var header = self
        header.attributes = header.attributes.with(.none)
        header.attributes.hasDeleteHorizon = false
        header.baseTimestamp = -1
        header.recordCount = 0
        header.batchLength = Int32(RecordBatchHeader.size - RecordBatchHeader.logOverhead)
        withUnsafeTemporaryAllocation(byteCount: RecordBatchHeader.size, alignment: 8) { bytes in
            header.store(in: bytes)
            header.checksum = CRC32C.of(
                UnsafeRawBufferPointer(rebasing: bytes[RecordBatchHeader.Position.attributes...]))
        }
        return header
    }
}
