import Bytes

extension RecordBatchHeader {
    /// Writes the fields over the first 61 bytes of `bytes`, the checksum as it stands here.
    public func store(in bytes: UnsafeMutableRawBufferPointer) {
        precondition(bytes.count >= RecordBatchHeader.size, "no room for a batch header")
        bytes.storeBigEndian(baseOffset, at: 0)
        bytes.storeBigEndian(batchLength, at: Position.batchLength)
        bytes.storeBigEndian(partitionLeaderEpoch, at: Position.partitionLeaderEpoch)
        bytes.storeBigEndian(RecordBatchHeader.magic, at: Position.magic)
        bytes.storeBigEndian(checksum, at: Position.checksum)
        bytes.storeBigEndian(attributes.rawValue, at: Position.attributes)
        bytes.storeBigEndian(lastOffsetDelta, at: Position.lastOffsetDelta)
        bytes.storeBigEndian(baseTimestamp, at: Position.baseTimestamp)
        bytes.storeBigEndian(maxTimestamp, at: Position.maxTimestamp)
        bytes.storeBigEndian(producerId, at: Position.producerId)
        bytes.storeBigEndian(producerEpoch, at: Position.producerEpoch)
        bytes.storeBigEndian(baseSequence, at: Position.baseSequence)
        bytes.storeBigEndian(recordCount, at: Position.recordCount)
    }
}

extension ByteWriter {
    /// Leaves room for the header of a batch that begins here.
    mutating func skipBatchHeader() {
        append(atMost: RecordBatchHeader.size) { room in
            room.initializeMemory(as: UInt8.self, repeating: 0)
            return room.count
        }
    }

    /// Makes what was written one batch: header, length and checksum are put in front of the records. The header as it
    /// stands there.
    @discardableResult
    mutating func completeBatch(_ header: RecordBatchHeader) -> RecordBatchHeader {
        guard let length = Int32(exactly: count - RecordBatchHeader.logOverhead) else {
            preconditionFailure("a batch of more than 2 GiB")
        }
        var header = header
        header.batchLength = length
        withUnsafeMutableBytes { bytes in
            header.store(in: bytes)
            let covered = UnsafeRawBufferPointer(rebasing: bytes[RecordBatchHeader.Position.attributes...])
            header.checksum = CRC32C.of(covered)
            bytes.storeBigEndian(header.checksum, at: RecordBatchHeader.Position.checksum)
        }
        return header
    }
}
