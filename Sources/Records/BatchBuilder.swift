import Bytes

/// Collects records into one batch, as a producer or a coordinator does.
public struct BatchBuilder: ~Copyable {
    public struct Options: Sendable {
        public var compression = Compression.none
        /// Kafka's level of the codec; nil is its default.
        public var level: Int?
        /// Bytes of the batch before compression, from which on no further record is taken.
        public var sizeLimit = 1 << 20
        public var producerId: Int64 = -1
        public var producerEpoch: Int16 = -1
        public var baseSequence: Int32 = -1
        public var isTransactional = false
        public var isControl = false

        public init() {}
    }

    /// No batch is larger, whatever the limit, so that its length and all that is computed of it fit 32 bits.
    public static let maximumSize = Int(Int32.max) / 2

    let options: Options
    var writer: ByteWriter
    var baseTimestamp: Int64 = -1
    var maxTimestamp: Int64 = -1
    public private(set) var recordCount: Int32 = 0

    public init(_ options: Options = Options()) {
        self.options = options
        writer = ByteWriter(capacity: 512)
        writer.skipBatchHeader()
    }

    /// Bytes of the batch if it were finished now and not compressed: an upper bound, but for data that a codec makes a
    /// little larger.
    public var size: Int { writer.count }

    public var isEmpty: Bool { recordCount == 0 }

    /// Appends a record; `timestamp` is in milliseconds since 1970. False, and nothing changes, where the batch would
    /// exceed its size limit; the first record is taken whatever its size, up to 1 GiB.
    public mutating func append(
        timestamp: Int64, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?, headers: [RecordHeader] = []
    ) -> Bool {
        let fields = RecordFields(
            timestampDelta: isEmpty ? 0 : timestamp &- baseTimestamp, offsetDelta: recordCount, key: key, value: value)
        let body = fields.size + RecordFields.size(headers)
        let total = writer.count + Varint.size(Int64(body)) + body
        guard total <= (isEmpty ? BatchBuilder.maximumSize : min(options.sizeLimit, BatchBuilder.maximumSize)) else {
            return false
        }
        if isEmpty { baseTimestamp = timestamp }
        maxTimestamp = max(maxTimestamp, timestamp)
        recordCount += 1
        writer.writeRecord(fields, headers: headers)
        return true
    }

    public mutating func append(
        timestamp: Int64, key: [UInt8]?, value: [UInt8]?, headers: [RecordHeader] = []
    ) -> Bool {
        (key ?? []).withUnsafeBytes { keyBytes in
            (value ?? []).withUnsafeBytes { valueBytes in
                append(
                    timestamp: timestamp, key: key == nil ? nil : keyBytes, value: value == nil ? nil : valueBytes,
                    headers: headers)
            }
        }
    }

    /// The batch, with base offset 0 and no leader epoch, as producers send it. There must be a record in it.
    /// `scratch` has the contexts of the codec; without it they are made for this one batch.
    public consuming func finish(scratch: CodecScratch? = nil) -> Buffer {
        precondition(recordCount > 0, "a batch without records")
        let header = RecordBatchHeader(
            attributes: BatchAttributes(
                compression: options.compression, isTransactional: options.isTransactional,
                isControl: options.isControl),
            baseTimestamp: baseTimestamp, maxTimestamp: maxTimestamp, producerId: options.producerId,
            producerEpoch: options.producerEpoch, baseSequence: options.baseSequence, recordCount: recordCount)
        if options.compression == .none {
            writer.completeBatch(header)
            return writer.finish()
        }
        let scratch = scratch ?? CodecScratch()
        var packed = ByteWriter(capacity: writer.count)
        packed.skipBatchHeader()
        writer.withUnsafeBytes { bytes in
            scratch.compress(
                UnsafeRawBufferPointer(rebasing: bytes[RecordBatchHeader.size...]), options.compression,
                level: options.level ?? options.compression.defaultLevel, into: &packed)
        }
        packed.completeBatch(header)
        return packed.finish()
    }
}

extension RecordBatchHeader {
    /// The header of a new batch; length and checksum are filled in when its records are there.
    init(
        attributes: BatchAttributes, baseTimestamp: Int64, maxTimestamp: Int64, producerId: Int64, producerEpoch: Int16,
        baseSequence: Int32, recordCount: Int32
    ) {
        baseOffset = 0
        batchLength = 0
        partitionLeaderEpoch = -1
        checksum = 0
        self.attributes = attributes
        lastOffsetDelta = recordCount - 1
        self.baseTimestamp = baseTimestamp
        self.maxTimestamp = maxTimestamp
        self.producerId = producerId
        self.producerEpoch = producerEpoch
        self.baseSequence = baseSequence
        self.recordCount = recordCount
    }
}
