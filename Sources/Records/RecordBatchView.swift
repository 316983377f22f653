/// One whole batch in memory that somebody else owns: the view must not outlive it.
public struct RecordBatchView {
    /// The batch, from the base offset to the last byte of its records.
    public let bytes: UnsafeRawBufferPointer
    public let header: RecordBatchHeader

    /// The batch at the start of `bytes`; what follows it is left out.
    ///
    /// Throws as the header does, and `truncated` where the batch is longer than `bytes`.
    @inlinable
    public init(_ bytes: UnsafeRawBufferPointer) throws(RecordBatchError) {
        header = try RecordBatchHeader(bytes)
        guard header.totalSize <= bytes.count else { throw .truncated }
        self.bytes = UnsafeRawBufferPointer(start: bytes.baseAddress, count: header.totalSize)
    }

    /// The records as they are stored: packed where the attributes say so.
    @inlinable public var storedRecords: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[RecordBatchHeader.size...])
    }

    /// The checksum that the bytes have, whatever the header says.
    @inlinable public var computedChecksum: UInt32 {
        CRC32C.of(UnsafeRawBufferPointer(rebasing: bytes[RecordBatchHeader.Position.attributes...]))
    }

    @inlinable public var isChecksumValid: Bool { header.checksum == computedChecksum }
}

/// The batches that stand one after another in a part of a log or in a fetched answer. A batch of which the end is
/// missing ends the sequence, as Kafka has it.
public struct RecordBatches {
    @usableFromInline var rest: UnsafeRawBufferPointer

    @inlinable
    public init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

    /// Bytes that no batch took: after the last, those of a batch that is not whole.
    @inlinable public var remaining: Int { rest.count }

    /// The next whole batch, nil after the last.
    ///
    /// Throws `unsupportedMagic` or `invalidLength`, after which there is nothing to go on with.
    @inlinable
    public mutating func next() throws(RecordBatchError) -> RecordBatchView? {
        do {
            let batch = try RecordBatchView(rest)
            rest = UnsafeRawBufferPointer(rebasing: rest[batch.bytes.count...])
            return batch
        } catch .truncated {
            return nil
        }
    }
}
