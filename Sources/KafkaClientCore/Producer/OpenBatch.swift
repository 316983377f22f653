import Bytes
import Records
import Runtime

/// A batch that still takes records.
final class OpenBatch {
    let openedAt: MonotonicTime
    private var records = ByteWriter(capacity: 4_096)
    private var body = ByteWriter(capacity: 512)
    private var bufferedBytes = 0
    private var timestamps: [Int64] = []
    private var deliveries: [DeliveryHandler?] = []

    init(openedAt: MonotonicTime) { self.openedAt = openedAt }

    /// Bytes before compression.
    var size: Int { RecordBatchHeader.size + records.count }

    func append(_ record: ProducerRecord, timestamp: Int64, delivery: DeliveryHandler?) {
        let base = timestamps.first ?? timestamp
        body.truncate(to: 0)
        body.write(Int8(0))
        body.writeVarlong(timestamp &- base)
        body.writeVarint(Int32(truncatingIfNeeded: timestamps.count))
        body.writeRecordBytes(record.key)
        body.writeRecordBytes(record.value)
        body.writeVarint(Int32(truncatingIfNeeded: record.headers.count))
        for header in record.headers {
            body.writeRecordBytes(Array(header.key.utf8))
            body.writeRecordBytes(header.value)
        }
        records.writeVarint(Int32(truncatingIfNeeded: body.count))
        body.withUnsafeBytes { records.write($0) }
        bufferedBytes += record.sizeEstimate
        timestamps.append(timestamp)
        deliveries.append(delivery)
    }

    /// Completes the batch, which must have a record. The producer's identity is stamped later.
    func seal(id: Int, compression: Compression, level: Int?, scratch: CodecScratch) -> ProducerBatch {
        ProducerBatch(
            id: id, bytes: encode(compression, level ?? compression.defaultLevel, scratch),
            recordCount: Int32(truncatingIfNeeded: timestamps.count), bufferedBytes: bufferedBytes,
            createdAt: openedAt, timestamps: timestamps, deliveries: deliveries)
    }

    private func encode(_ compression: Compression, _ level: Int, _ scratch: CodecScratch) -> [UInt8] {
        precondition(!timestamps.isEmpty, "a batch has a record")
        var batch = ByteWriter(capacity: size)
        batch.write(Int64(0))
        batch.write(Int32(0))
        batch.write(Int32(-1))
        batch.write(RecordBatchHeader.magic)
        batch.write(UInt32(0))
        batch.write(BatchAttributes(compression: compression).rawValue)
        batch.write(Int32(truncatingIfNeeded: timestamps.count - 1))
        batch.write(timestamps[0])
        batch.write(timestamps.max() ?? timestamps[0])
        batch.write(Int64(-1))
        batch.write(Int16(-1))
        batch.write(Int32(-1))
        batch.write(Int32(truncatingIfNeeded: timestamps.count))
        records.withUnsafeBytes { scratch.compress($0, compression, level: level, into: &batch) }
        batch.overwrite(Int32(truncatingIfNeeded: batch.count - RecordBatchHeader.logOverhead), at: 8)
        batch.withUnsafeMutableBytes { bytes in
            do throws(RecordBatchError) {
                try MutableRecordBatchView(bytes).updateChecksum()
            } catch {
                preconditionFailure("a batch that was just built can be read: \(error)")
            }
        }
        return batch.bytes
    }
}

extension ByteWriter {
    /// A field with a zig-zag length in front; -1 is null.
    fileprivate mutating func writeRecordBytes(_ bytes: [UInt8]?) {
        guard let bytes else { return writeVarint(-1) }
        writeVarint(Int32(truncatingIfNeeded: bytes.count))
        write(bytes)
    }
}
