import Bytes
import KafkaProtocol
import Records

extension Consumer {
    /// Hands over the records of one partition of a response, from the position on.
    func deliver(_ partition: TopicPartition, _ answer: FetchResponseView.Partition) {
        isInterrupted = false
        let isCommittedOnly = configuration.isolationLevel == .readCommitted
        let end = isCommittedOnly ? answer.header.lastStableOffset : answer.header.highWatermark
        var filter = AbortedTransactionFilter(isCommittedOnly ? answer.header.abortedTransactions ?? [] : [])
        var batches = RecordBatches(answer.records ?? UnsafeRawBufferPointer(start: nil, count: 0))
        var hasAny = false
        do {
            while let batch = try batches.next() {
                hasAny = true
                guard try deliver(batch, of: partition, dropsRecords: filter.drops(batch)) else { return }
            }
        } catch {
            let offset = positions[partition]?.offset ?? -1
            return fail(
                partition, ClientError(.malformedResponse, "\(partition) cannot be read at offset \(offset): \(error)"))
        }
        if hasAny, let index = order.firstIndex(of: partition) {
            order.append(order.remove(at: index))
        } else if batches.remaining > 0 {
            let limit = configuration.partitionMaximumBytes
            return fail(
                partition, ClientError(.recordTooLarge, "the next batch of \(partition) is larger than \(limit) bytes"))
        }
        if let offset = positions[partition]?.offset {
            delegate?.consumer(self, reached: offset, end: end, of: partition)
        }
    }

    /// Hands over the records of one batch.
    ///
    /// - Returns: false when the delegate changed what is read, after which nothing more of this response is handed over.
    private func deliver(_ batch: RecordBatchView, of partition: TopicPartition, dropsRecords: Bool) throws -> Bool {
        guard let position = positions[partition]?.offset, batch.header.lastOffset >= position else { return true }
        if configuration.checksRecords, !batch.isChecksumValid { throw DamagedBatch() }
        if !dropsRecords, !batch.header.attributes.isControl {
            guard try deliverRecords(of: batch, of: partition, from: position) else { return false }
        }
        positions[partition]?.offset = batch.header.nextOffset
        return true
    }

    private func deliverRecords(
        of batch: RecordBatchView, of partition: TopicPartition, from position: Int64
    ) throws -> Bool {
        guard let compression = batch.header.attributes.compression else { throw DamagedBatch() }
        guard compression != .none else {
            var records = RecordIterator(uncompressed: batch)
            return try deliver(&records, of: batch.header, of: partition, from: position)
        }
        let bytes = try scratch.decompress(
            batch.storedRecords, compression, limit: configuration.maximumDecompressedBytes)
        var records = RecordIterator(bytes, count: batch.header.recordCount)
        return try deliver(&records, of: batch.header, of: partition, from: position)
    }

    private func deliver(
        _ records: inout RecordIterator, of header: RecordBatchHeader, of partition: TopicPartition,
        from position: Int64
    ) throws(DecodeError) -> Bool {
        while let record = try records.next() {
            let offset = header.offset(of: record)
            guard offset >= position else { continue }
            delegate?.consumer(
                self,
                received: ConsumedRecord(
                    offset: offset, timestamp: header.timestamp(of: record),
                    timestampType: header.attributes.timestampType, leaderEpoch: header.partitionLeaderEpoch,
                    key: record.key, value: record.value, headers: record.headers),
                from: partition)
            if isInterrupted {
                // The delegate may have given this partition a new position, which must stay.
                if let current = positions[partition], current.phase == .ready {
                    positions[partition]?.offset = offset + 1
                }
                return false
            }
        }
        return true
    }
}

/// A batch whose checksum or codec is wrong.
private struct DamagedBatch: Error, CustomStringConvertible {
    var description: String { "the batch is damaged" }
}
