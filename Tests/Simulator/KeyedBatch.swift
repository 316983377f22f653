import Bytes
import Records

/// A record with a key, as the tests of compaction write and read it. Without a value it is a tombstone.
package struct Keyed: Equatable {
    package var key: String?
    package var value: String?

    package init(_ key: String?, _ value: String?) {
        self.key = key
        self.value = value
    }
}

/// A record as it stands in a log.
package struct Stored: Equatable, CustomStringConvertible {
    package var offset: Int64
    package var key: String?
    package var value: String?
    package var timestamp: Int64

    package init(offset: Int64, key: String?, value: String?, timestamp: Int64) {
        self.offset = offset
        self.key = key
        self.value = value
        self.timestamp = timestamp
    }

    package var description: String { "\(offset):\(key ?? "-")=\(value ?? "-")" }
}

/// A batch as it stands in a log.
package struct StoredBatch {
    package var header: RecordBatchHeader
    package var records: [Stored]
}

/// What a producer puts into the header.
package struct KeyedOptions {
    package var timestamp: Int64
    package var compression: Compression
    package var producer: (id: Int64, epoch: Int16, sequence: Int32)?
    package var isTransactional: Bool

    package init(
        timestamp: Int64 = 1_700_000_000_000, compression: Compression = .none,
        producer: (id: Int64, epoch: Int16, sequence: Int32)? = nil, isTransactional: Bool = false
    ) {
        self.timestamp = timestamp
        self.compression = compression
        self.producer = producer
        self.isTransactional = isTransactional
    }
}

package func keyedBatch(_ records: [Keyed], _ keyed: KeyedOptions = KeyedOptions()) -> [UInt8] {
    var options = BatchBuilder.Options()
    options.compression = keyed.compression
    options.sizeLimit = 1 << 30
    options.isTransactional = keyed.isTransactional
    if let producer = keyed.producer {
        options.producerId = producer.id
        options.producerEpoch = producer.epoch
        options.baseSequence = producer.sequence
    }
    var builder = BatchBuilder(options)
    for (index, record) in records.enumerated() {
        let isTaken = builder.append(
            timestamp: keyed.timestamp + Int64(index), key: record.key.map { Array($0.utf8) },
            value: record.value.map { Array($0.utf8) }, headers: [RecordHeader(key: "h", value: [1, 2])])
        precondition(isTaken)
    }
    return builder.finish().all.bytes
}

extension StoredBatch {
    package init(_ batch: RecordBatchView) throws {
        guard batch.isChecksumValid, let compression = batch.header.attributes.compression else {
            throw ModelFailure("a batch that is not whole at \(batch.header.baseOffset)")
        }
        header = batch.header
        records = []
        let scratch = CodecScratch()
        let bytes = try scratch.decompress(
            batch.storedRecords, compression, limit: 1 << 30)
        var iterator = RecordIterator(bytes, count: header.recordCount)
        while let record = try iterator.next() {
            records.append(
                Stored(
                    offset: header.offset(of: record),
                    key: header.attributes.isControl ? nil : record.key.map { String(decoding: $0, as: UTF8.self) },
                    value: header.attributes.isControl
                        ? nil : record.value.map { String(decoding: $0, as: UTF8.self) },
                    timestamp: header.timestamp(of: record)))
        }
    }
}
