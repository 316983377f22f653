import Bytes

/// The 61 bytes in front of the records of a batch of format 2, the only one that is stored and served.
public struct RecordBatchHeader: Equatable, Sendable {
    /// Bytes of the header.
    public static let size = 61
    /// Bytes of the base offset and the batch length, which the batch length does not count.
    public static let logOverhead = 12
    public static let magic: Int8 = 2

    /// Positions of the fields that are changed in place.
    @usableFromInline enum Position {
        @usableFromInline static let batchLength = 8
        @usableFromInline static let partitionLeaderEpoch = 12
        @usableFromInline static let magic = 16
        @usableFromInline static let checksum = 17
        /// The checksum covers the bytes from here to the end of the batch.
        @usableFromInline static let attributes = 21
        @usableFromInline static let lastOffsetDelta = 23
        @usableFromInline static let baseTimestamp = 27
        @usableFromInline static let maxTimestamp = 35
        @usableFromInline static let producerId = 43
        @usableFromInline static let producerEpoch = 51
        @usableFromInline static let baseSequence = 53
        @usableFromInline static let recordCount = 57
    }

    public var baseOffset: Int64
    /// Bytes that follow this field.
    public var batchLength: Int32
    public var partitionLeaderEpoch: Int32
    public var checksum: UInt32
    public var attributes: BatchAttributes
    /// What the offset of the last record was above the base offset when the batch was produced; compaction keeps it.
    public var lastOffsetDelta: Int32
    /// Milliseconds since 1970, or the delete horizon where the attributes say so.
    public var baseTimestamp: Int64
    /// Milliseconds since 1970; -1 where no record has a timestamp.
    public var maxTimestamp: Int64
    /// -1 for a producer that is not idempotent; likewise epoch and sequence.
    public var producerId: Int64
    public var producerEpoch: Int16
    public var baseSequence: Int32
    public var recordCount: Int32

    /// Reads the header at the start of `bytes`, which need not hold the records.
    ///
    /// Throws `truncated` for fewer than 61 bytes, `unsupportedMagic` and `invalidLength`; nothing else is judged.
    @inlinable
    public init(_ bytes: UnsafeRawBufferPointer) throws(RecordBatchError) {
        guard bytes.count >= RecordBatchHeader.size, let base = bytes.baseAddress else { throw .truncated }
        let magic = base.load(fromByteOffset: Position.magic, as: Int8.self)
        guard magic == RecordBatchHeader.magic else { throw .unsupportedMagic(magic) }
        batchLength = base.bigEndian(at: Position.batchLength)
        guard batchLength >= RecordBatchHeader.size - RecordBatchHeader.logOverhead else {
            throw .invalidLength(batchLength)
        }
        baseOffset = base.bigEndian(at: 0)
        partitionLeaderEpoch = base.bigEndian(at: Position.partitionLeaderEpoch)
        checksum = base.bigEndian(at: Position.checksum)
        attributes = BatchAttributes(rawValue: base.bigEndian(at: Position.attributes))
        lastOffsetDelta = base.bigEndian(at: Position.lastOffsetDelta)
        baseTimestamp = base.bigEndian(at: Position.baseTimestamp)
        maxTimestamp = base.bigEndian(at: Position.maxTimestamp)
        producerId = base.bigEndian(at: Position.producerId)
        producerEpoch = base.bigEndian(at: Position.producerEpoch)
        baseSequence = base.bigEndian(at: Position.baseSequence)
        recordCount = base.bigEndian(at: Position.recordCount)
    }

    /// Bytes of the whole batch.
    @inlinable public var totalSize: Int { RecordBatchHeader.logOverhead + Int(batchLength) }

    /// The offset of the last record (before compaction). Wraps around on numbers that no broker assigned.
    @inlinable public var lastOffset: Int64 { baseOffset &+ Int64(lastOffsetDelta) }

    /// The offset after the last record's.
    @inlinable public var nextOffset: Int64 { lastOffset &+ 1 }

    @inlinable public var hasProducerId: Bool { producerId > -1 }

    /// The sequence number of the last record, -1 where there are none. Sequences go from 2³¹-1 to 0.
    @inlinable public var lastSequence: Int32 {
        baseSequence == -1 ? -1 : RecordBatchHeader.sequence(baseSequence, after: lastOffsetDelta)
    }

    /// The sequence number `delta` records after `sequence`.
    @inlinable
    public static func sequence(_ sequence: Int32, after delta: Int32) -> Int32 {
        (sequence &+ delta) & Int32.max
    }

    /// The time from which compaction may drop the batch's tombstones, in milliseconds since 1970.
    @inlinable public var deleteHorizon: Int64? { attributes.hasDeleteHorizon ? baseTimestamp : nil }

    /// The offset of a record of this batch.
    @inlinable
    public func offset(of record: RecordView) -> Int64 { baseOffset &+ Int64(record.offsetDelta) }

    /// The timestamp of a record of this batch, in milliseconds since 1970.
    @inlinable
    public func timestamp(of record: RecordView) -> Int64 {
        attributes.timestampType == .logAppendTime ? maxTimestamp : baseTimestamp &+ record.timestampDelta
    }
}

extension UnsafeRawPointer {
    @inlinable
    func bigEndian<Value: FixedWidthInteger & BitwiseCopyable>(at position: Int) -> Value {
        Value(bigEndian: loadUnaligned(fromByteOffset: position, as: Value.self))
    }
}

/// Why bytes are not a record batch.
public enum RecordBatchError: Error, Equatable, Sendable {
    /// Fewer bytes than the header, or than the batch length says.
    case truncated
    /// A format that is not served.
    case unsupportedMagic(Int8)
    /// A batch length that the header alone exceeds.
    case invalidLength(Int32)
}
