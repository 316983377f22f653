/// One whole batch in memory that may be changed in place. Nothing here allocates or moves a byte.
public struct MutableRecordBatchView {
    public let bytes: UnsafeMutableRawBufferPointer

    /// The batch at the start of `bytes`; throws as `RecordBatchView` does.
    @inlinable
    public init(_ bytes: UnsafeMutableRawBufferPointer) throws(RecordBatchError) {
        let size = try RecordBatchView(UnsafeRawBufferPointer(bytes)).bytes.count
        self.bytes = UnsafeMutableRawBufferPointer(start: bytes.baseAddress, count: size)
    }

    /// Writes what the partition's leader decides. The checksum does not cover these fields.
    @inlinable
    public func assign(baseOffset: Int64, partitionLeaderEpoch: Int32) {
        bytes.storeBigEndian(baseOffset, at: 0)
        bytes.storeBigEndian(partitionLeaderEpoch, at: RecordBatchHeader.Position.partitionLeaderEpoch)
    }

    /// Gives all records the time of `stamp`, or corrects the maximum of the times they have; the checksum is made anew.
    @inlinable
    public func apply(_ stamp: TimestampStamp) {
        let raw = UnsafeRawBufferPointer(bytes).loadUnaligned(
            fromByteOffset: RecordBatchHeader.Position.attributes, as: Int16.self)
        var attributes = BatchAttributes(rawValue: Int16(bigEndian: raw))
        attributes.timestampType = stamp.type
        bytes.storeBigEndian(attributes.rawValue, at: RecordBatchHeader.Position.attributes)
        bytes.storeBigEndian(stamp.maxTimestamp, at: RecordBatchHeader.Position.maxTimestamp)
        updateChecksum()
    }

    /// Computes the checksum of the bytes as they are and writes it into the header.
    @inlinable
    public func updateChecksum() {
        let covered = UnsafeRawBufferPointer(rebasing: bytes[RecordBatchHeader.Position.attributes...])
        bytes.storeBigEndian(CRC32C.of(covered), at: RecordBatchHeader.Position.checksum)
    }
}

/// What the broker makes of a batch's timestamps.
public struct TimestampStamp: Equatable, Sendable {
    public var type: TimestampType
    /// Milliseconds since 1970.
    public var maxTimestamp: Int64

    @inlinable
    public init(type: TimestampType, maxTimestamp: Int64) {
        self.type = type
        self.maxTimestamp = maxTimestamp
    }
}

extension UnsafeMutableRawBufferPointer {
    @inlinable
    func storeBigEndian(_ value: some FixedWidthInteger & BitwiseCopyable, at position: Int) {
        storeBytes(of: value.bigEndian, toByteOffset: position, as: type(of: value).self)
    }
}
