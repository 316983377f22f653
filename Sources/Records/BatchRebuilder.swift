import Bytes

/// Makes a batch anew for a topic that keeps its records packed in another way than the producer did.
///
/// Producer, sequence, base timestamp and all that stands in the records stay; the codec, the length and the checksum
/// change, and offset deltas become 0, 1, 2, … where they were not.
public struct BatchRebuilder {
    public var compression: Compression
    /// Kafka's level of the codec.
    public var level: Int
    /// The bytes that the records may unpack to.
    public var maximumDecompressedSize: Int
    let scratch: CodecScratch

    public init(compression: Compression, level: Int? = nil, maximumDecompressedSize: Int, scratch: CodecScratch) {
        self.compression = compression
        self.level = level ?? compression.defaultLevel
        self.maximumDecompressedSize = maximumDecompressedSize
        self.scratch = scratch
    }

    /// The new batch, with the stamp of the facts applied.
    ///
    /// Throws only for batches that nobody opened when they were verified.
    public func rebuild(_ batch: RecordBatchView, _ facts: BatchFacts) throws(CodecError) -> Buffer {
        guard let source = batch.header.attributes.compression else { throw .corrupt }
        defer { scratch.trim() }
        let records = try scratch.decompress(batch.storedRecords, source, limit: maximumDecompressedSize)
        var target = ByteWriter(capacity: RecordBatchHeader.size + records.count)
        target.skipBatchHeader()
        if facts.hasConsecutiveOffsets {
            scratch.compress(records, compression, level: level, into: &target)
        } else {
            let renumbered = try BatchRebuilder.renumbered(records, count: batch.header.recordCount)
            renumbered.withUnsafeBytes { scratch.compress($0, compression, level: level, into: &target) }
        }
        var header = batch.header
        header.attributes = header.attributes.with(compression)
        if let stamp = facts.stamp {
            header.attributes.timestampType = stamp.type
            header.maxTimestamp = stamp.maxTimestamp
        }
        target.completeBatch(header)
        return target.finish()
    }

    private static func renumbered(_ records: UnsafeRawBufferPointer, count: Int32) throws(CodecError) -> Buffer {
        var writer = ByteWriter(capacity: records.count)
        var iterator = RecordIterator(records, count: count)
        var next: Int32 = 0
        do {
            while let record = try iterator.next() {
                let fields = RecordFields(
                    attributes: record.attributes, timestampDelta: record.timestampDelta, offsetDelta: next,
                    key: record.key, value: record.value)
                writer.writeRecord(fields, headers: record.headers)
                next += 1
            }
        } catch {
            throw .corrupt
        }
        return writer.finish()
    }
}
