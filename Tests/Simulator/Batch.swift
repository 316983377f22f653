import Bytes
import Records

/// A batch as a producer sends it.
package struct Batch {
    package var count: Int
    package var timestamp: Int64
    /// Milliseconds between its records.
    package var step: Int64
    package var valueSize: Int
    package var fill: UInt8
    package var compression: Compression
    package var producer: (id: Int64, epoch: Int16, sequence: Int32)?
    package var isTransactional: Bool

    package init(
        count: Int = 1, timestamp: Int64 = 1_700_000_000_000, step: Int64 = 1, valueSize: Int = 20, fill: UInt8 = 0x61,
        compression: Compression = .none, producer: (id: Int64, epoch: Int16, sequence: Int32)? = nil,
        isTransactional: Bool = false
    ) {
        self.count = count
        self.timestamp = timestamp
        self.step = step
        self.valueSize = valueSize
        self.fill = fill
        self.compression = compression
        self.producer = producer
        self.isTransactional = isTransactional
    }

    package var bytes: [UInt8] {
        var options = BatchBuilder.Options()
        options.compression = compression
        options.sizeLimit = 1 << 30
        options.isTransactional = isTransactional
        if let producer {
            options.producerId = producer.id
            options.producerEpoch = producer.epoch
            options.baseSequence = producer.sequence
        }
        var builder = BatchBuilder(options)
        for index in 0..<count {
            let isTaken = builder.append(
                timestamp: timestamp + Int64(index) * step, key: Array("key-\(index)".utf8),
                value: [UInt8](repeating: fill, count: valueSize))
            precondition(isTaken)
        }
        return builder.finish().all.bytes
    }
}
