import Bytes

/// Reads the records of one batch, one after another, where they lie.
public struct RecordIterator {
    @usableFromInline var cursor: RecordCursor
    @usableFromInline var left: Int32

    /// `records` are the records of a batch as they are before compression, `count` what its header says.
    @inlinable
    public init(_ records: UnsafeRawBufferPointer, count: Int32) {
        cursor = RecordCursor(records)
        left = count
    }

    /// The records of a batch that is not compressed.
    @inlinable
    public init(uncompressed batch: RecordBatchView) {
        self.init(batch.storedRecords, count: batch.header.recordCount)
    }

    /// Bytes that `next` has not read yet.
    @inlinable public var remainingBytes: Int { cursor.remaining }

    /// The next record, nil after the last.
    ///
    /// Throws where a record is not what the format says, where records are missing, and where bytes follow the last.
    @inlinable
    public mutating func next() throws(DecodeError) -> RecordView? {
        guard left > 0 else {
            guard left == 0, cursor.remaining == 0 else { throw .invalidLength }
            return nil
        }
        left -= 1
        return try RecordView(body: try cursor.take(try cursor.varint()))
    }
}
