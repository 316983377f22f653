import Bytes
import Records
import Runtime

/// A batch that still takes records.
struct OpenBatch {
    let openedAt: MonotonicTime
    private var builder: BatchBuilder
    private var bufferedBytes = 0
    private var timestamps: [Int64] = []
    private var deliveries: [DeliveryHandler?] = []

    init(openedAt: MonotonicTime) {
        self.openedAt = openedAt
        builder = BatchBuilder()
    }

    var recordCount: Int { timestamps.count }
    /// Bytes before compression.
    var size: Int { builder.sizeEstimate }

    mutating func append(_ record: ProducerRecord, timestamp: Int64, delivery: DeliveryHandler?) {
        builder.append(timestamp: timestamp, key: record.key, value: record.value, headers: record.headers)
        bufferedBytes += record.sizeEstimate
        timestamps.append(timestamp)
        deliveries.append(delivery)
    }

    /// Completes the batch.
    consuming func seal(
        id: Int, compression: Compression, level: Int?, scratch: CodecScratch
    ) -> ProducerBatch {
        ProducerBatch(
            id: id, bytes: builder.finish(compression, level: level, scratch: scratch),
            recordCount: Int32(truncatingIfNeeded: timestamps.count), bufferedBytes: bufferedBytes,
            createdAt: openedAt, timestamps: timestamps, deliveries: deliveries)
    }
}
