import Bytes

/// The broker's look at what a client produces to one partition, in the order in which Kafka looks.
public struct BatchVerifier {
    /// From this Produce version on, clients may use zstd.
    static let firstVersionWithZstd: Int16 = 7
    /// The smallest length that a batch of any format may state; less is corruption, not an old format.
    static let minimumLength: Int32 = 14

    public var rules: VerificationRules
    /// The version of the Produce request.
    public var produceVersion: Int16
    /// The broker's clock, in milliseconds since 1970.
    public var now: Int64
    let scratch: CodecScratch

    public init(rules: VerificationRules, produceVersion: Int16, now: Int64, scratch: CodecScratch) {
        self.rules = rules
        self.produceVersion = produceVersion
        self.now = now
        self.scratch = scratch
    }

    /// Checks the `records` field of one partition. The batch that was accepted stands at its start; fewer bytes than
    /// another batch may follow it and are not to be stored.
    ///
    /// The field is not changed: the caller applies the stamp of the facts.
    public func verify(_ field: UnsafeRawBufferPointer) throws(BatchRejection) -> BatchFacts {
        let bytes: UnsafeRawBufferPointer
        do {
            bytes = try onlyBatch(in: field)
        } catch {
            var rejection = error
            rejection.isOfField = true
            throw rejection
        }
        let batch = try wholeBatch(bytes)
        try checkHeader(batch.header)
        if batch.header.attributes.isCompressed {
            guard rules.verifiesCompressed else { return try factsOfUnopened(batch.header) }
            defer { scratch.trim() }
            return try facts(of: batch, records: try decompressed(batch))
        }
        return try facts(of: batch, records: batch.storedRecords)
    }

    // MARK: One batch

    /// The bytes of the first batch, which must be of format 2 and the only one.
    private func onlyBatch(in field: UnsafeRawBufferPointer) throws(BatchRejection) -> UnsafeRawBufferPointer {
        guard let size = try BatchVerifier.sizeOfBatch(field, isMessageForClient: true) else {
            throw BatchRejection(.invalidRecord, "no whole record batch")
        }
        let batch = UnsafeRawBufferPointer(rebasing: field[..<size])
        let magic = batch.load(fromByteOffset: RecordBatchHeader.Position.magic, as: Int8.self)
        guard magic == RecordBatchHeader.magic else {
            throw BatchRejection(.invalidRecord, "a message of format \(magic); only format 2 is taken")
        }
        if produceVersion < BatchVerifier.firstVersionWithZstd, batch.count >= RecordBatchHeader.size,
            batch[RecordBatchHeader.Position.attributes + 1] & 7 == Compression.zstd.rawValue
        {
            throw BatchRejection(
                .unsupportedCompressionType, "zstd is not for Produce requests of version \(produceVersion)")
        }
        let rest = UnsafeRawBufferPointer(rebasing: field[size...])
        guard try BatchVerifier.sizeOfBatch(rest, isMessageForClient: false) == nil else {
            throw BatchRejection(.invalidRecord, "more than one record batch")
        }
        return batch
    }

    /// The size of the batch, of whatever format, at the start of `bytes`; nil where it is not whole.
    private static func sizeOfBatch(
        _ bytes: UnsafeRawBufferPointer, isMessageForClient: Bool
    ) throws(BatchRejection) -> Int? {
        guard bytes.count >= RecordBatchHeader.logOverhead, let base = bytes.baseAddress else { return nil }
        let length: Int32 = base.bigEndian(at: RecordBatchHeader.Position.batchLength)
        guard length >= minimumLength else {
            throw BatchRejection(
                .corruptMessage, "a batch cannot have a length of \(length)", isMessageForClient: isMessageForClient)
        }
        guard bytes.count > RecordBatchHeader.Position.magic else { return nil }
        let magic = base.load(fromByteOffset: RecordBatchHeader.Position.magic, as: Int8.self)
        guard 0...RecordBatchHeader.magic ~= magic else {
            throw BatchRejection(
                .corruptMessage, "there is no message format \(magic)", isMessageForClient: isMessageForClient)
        }
        let size = RecordBatchHeader.logOverhead + Int(length)
        return size <= bytes.count ? size : nil
    }

    private func wholeBatch(_ bytes: UnsafeRawBufferPointer) throws(BatchRejection) -> RecordBatchView {
        let baseOffset = Int64(bigEndian: bytes.loadUnaligned(as: Int64.self))
        guard baseOffset == 0 else {
            throw BatchRejection(.invalidRecord, "the base offset is \(baseOffset) where clients send 0")
        }
        guard bytes.count <= rules.maximumBatchSize else {
            throw BatchRejection(
                .messageTooLarge, "a batch of \(bytes.count) bytes; the topic takes \(rules.maximumBatchSize)")
        }
        guard let batch = try? RecordBatchView(bytes) else {
            throw BatchRejection(.corruptMessage, "a batch of \(bytes.count) bytes, less than its header has")
        }
        guard batch.isChecksumValid else {
            throw BatchRejection(
                .corruptMessage,
                "the checksum is \(batch.header.checksum) and that of the bytes \(batch.computedChecksum)")
        }
        return batch
    }

    private func checkHeader(_ header: RecordBatchHeader) throws(BatchRejection) {
        guard header.attributes.compression != nil else {
            throw BatchRejection(
                .unsupportedCompressionType, "no codec has the number \(header.attributes.rawValue & 7)")
        }
        guard header.recordCount > 0, header.lastOffsetDelta == header.recordCount - 1 else {
            throw BatchRejection(
                .invalidRecord, "\(header.recordCount) records with a last offset delta of \(header.lastOffsetDelta)")
        }
        guard !header.attributes.isControl else {
            throw BatchRejection(.invalidRecord, "control records are not for clients to write")
        }
        guard !header.hasProducerId || header.baseSequence >= 0 else {
            throw BatchRejection(
                .invalidRecord, "sequence number \(header.baseSequence) of producer \(header.producerId)")
        }
    }

    // MARK: Its records

    private func decompressed(_ batch: RecordBatchView) throws(BatchRejection) -> UnsafeRawBufferPointer {
        guard let compression = batch.header.attributes.compression else {
            preconditionFailure("checkHeader lets no unknown codec pass")
        }
        do {
            return try scratch.decompress(batch.storedRecords, compression, limit: rules.maximumDecompressedSize)
        } catch {
            switch error {
            case .tooLarge:
                throw BatchRejection(
                    .messageTooLarge, "\(compression.name) records of more than \(rules.maximumDecompressedSize) bytes")
            case .corrupt:
                throw BatchRejection(.invalidRecord, "the records are no whole \(compression.name) stream")
            }
        }
    }

    private func facts(
        of batch: RecordBatchView, records: UnsafeRawBufferPointer
    ) throws(BatchRejection) -> BatchFacts {
        let header = batch.header
        let summary: RecordSummary
        do {
            summary = try RecordSummary(of: records, count: header.recordCount, baseTimestamp: header.baseTimestamp)
        } catch {
            throw BatchRejection(.invalidRecord, "the records are not \(header.recordCount) whole ones: \(error)")
        }
        if isRefused(header, summary) { try explain(header, records) }
        if rules.timestampType == .logAppendTime {
            return accepted(header, .logAppendTime, now, header.lastOffsetDelta, summary.hasConsecutiveOffsets)
        }
        if header.attributes.timestampType == .logAppendTime {
            let time = max(header.maxTimestamp, -1)
            return accepted(header, .createTime, time, header.lastOffsetDelta, summary.hasConsecutiveOffsets)
        }
        return accepted(
            header, .createTime, summary.maxTimestamp, summary.indexOfMaxTimestamp, summary.hasConsecutiveOffsets)
    }

    /// A batch that is stored as it is, by the broker's own wish: only its header is judged.
    private func factsOfUnopened(_ header: RecordBatchHeader) throws(BatchRejection) -> BatchFacts {
        if rules.timestampType == .logAppendTime {
            return accepted(header, .logAppendTime, now, header.lastOffsetDelta, true)
        }
        guard rules.allows(timestamp: header.baseTimestamp, now: now),
            rules.allows(timestamp: header.maxTimestamp, now: now)
        else { throw BatchRejection(.invalidTimestamp, BatchVerifier.badTimestamps, isMessageForClient: true) }
        return accepted(header, .createTime, header.maxTimestamp, header.lastOffsetDelta, true)
    }

    private func accepted(
        _ header: RecordBatchHeader, _ type: TimestampType, _ maxTimestamp: Int64, _ index: Int32,
        _ hasConsecutiveOffsets: Bool
    ) -> BatchFacts {
        let isTrue = header.attributes.timestampType == type && header.maxTimestamp == maxTimestamp
        return BatchFacts(
            header: header, maxTimestamp: maxTimestamp, indexOfMaxTimestamp: index,
            stamp: isTrue ? nil : TimestampStamp(type: type, maxTimestamp: maxTimestamp),
            hasConsecutiveOffsets: hasConsecutiveOffsets)
    }
}
