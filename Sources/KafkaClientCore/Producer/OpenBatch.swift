import Bytes
import Records
import Runtime

/// A batch that still takes records.
final class OpenBatch {
    let openedAt: MonotonicTime
    private var builder: BatchBuilder?
    private var bufferedBytes = 0
    private var timestamps: [Int64] = []
    private var deliveries: [DeliveryHandler?] = []

    init(openedAt: MonotonicTime, compression: Compression, level: Int?) {
        self.openedAt = openedAt
        var options = BatchBuilder.Options()
        options.compression = compression
        options.level = level
        // Its owner closes a batch by its own measure.
        options.sizeLimit = .max
        builder = BatchBuilder(options)
    }

    /// Bytes before compression.
    var size: Int { builder?.size ?? 0 }

    func append(_ record: ProducerRecord, timestamp: Int64, delivery: DeliveryHandler?) {
        let isTaken = builder?.append(
            timestamp: timestamp, key: record.key, value: record.value, headers: record.headers)
        precondition(isTaken == true, "an open batch takes every record that fits into a request")
        bufferedBytes += record.sizeEstimate
        timestamps.append(timestamp)
        deliveries.append(delivery)
    }

    /// Completes the batch, which must have a record. The producer's identity is stamped later.
    func seal(id: Int, scratch: CodecScratch) -> ProducerBatch {
        guard let builder = builder.take() else { preconditionFailure("a batch is completed once") }
        return ProducerBatch(
            id: id, bytes: builder.finish(scratch: scratch).all.bytes,
            recordCount: Int32(truncatingIfNeeded: timestamps.count), bufferedBytes: bufferedBytes,
            createdAt: openedAt, timestamps: timestamps, deliveries: deliveries)
    }
}
