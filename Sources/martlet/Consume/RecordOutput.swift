import Bytes
import KafkaClientCore

/// Gathers what is written out, so that many records make one write.
struct RecordOutput {
    private static let flushSize = 64 << 10

    let format: OutputFormat
    /// Stands for null.
    let null: [UInt8]
    /// Where it goes; false when nothing more can be written.
    let write: ([UInt8]) -> Bool
    private var pending: [UInt8] = []

    init(format: OutputFormat, null: [UInt8], write: @escaping ([UInt8]) -> Bool) {
        self.format = format
        self.null = null
        self.write = write
    }

    /// Takes a record.
    ///
    /// - Returns: false when nothing more can be written.
    mutating func append(_ record: ConsumedRecord, _ partition: TopicPartition) -> Bool {
        format.append(record, partition, null: null, to: &pending)
        return pending.count < RecordOutput.flushSize || flush()
    }

    /// Writes what was gathered.
    ///
    /// - Returns: false when nothing more can be written.
    mutating func flush() -> Bool {
        guard !pending.isEmpty else { return true }
        defer { pending.removeAll(keepingCapacity: true) }
        return write(pending)
    }
}
