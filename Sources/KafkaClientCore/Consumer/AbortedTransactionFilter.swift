import Bytes
import KafkaProtocol
import Records

/// Says which batches a reader of committed records has to drop.
struct AbortedTransactionFilter {
    /// By first offset, the latest first.
    private var upcoming: [FetchResponsePartition.AbortedTransaction]
    private var abortedProducers: Set<Int64> = []

    init(_ aborted: [FetchResponsePartition.AbortedTransaction]) {
        upcoming = aborted.sorted { $0.firstOffset > $1.firstOffset }
    }

    /// Whether the records of this batch belong to an aborted transaction. Batches have to come in order, control batches
    /// too.
    mutating func drops(_ batch: RecordBatchView) -> Bool {
        while let next = upcoming.last, next.firstOffset <= batch.header.lastOffset {
            abortedProducers.insert(next.producerId)
            upcoming.removeLast()
        }
        guard batch.header.attributes.isTransactional, abortedProducers.contains(batch.header.producerId) else {
            return false
        }
        if batch.header.attributes.isControl {
            if isAbortMarker(batch) { abortedProducers.remove(batch.header.producerId) }
            return false
        }
        return true
    }

    private func isAbortMarker(_ batch: RecordBatchView) -> Bool {
        var records = RecordIterator(uncompressed: batch)
        do throws(DecodeError) {
            guard let record = try records.next() else { return false }
            return try ControlRecordType(key: record.key) == .abort
        } catch {
            return false
        }
    }
}
