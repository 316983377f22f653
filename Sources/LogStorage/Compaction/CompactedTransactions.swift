import Records

/// The transactions of a log while one pass of compaction goes through it from its beginning.
struct CompactedTransactions {
    /// By producer, oldest first. Those of one producer do not overlap.
    private let aborted: [Int64: [AbortedTransaction]]
    private let abortedByMarker: [Int64: AbortedTransaction]
    /// The markers of aborted transactions of which batches were met.
    private var met: Set<Int64> = []
    /// Producers with a committed transaction of which batches were met, and whose marker is still to come.
    private var committing: Set<Int64> = []

    /// - Parameter transactions: all aborted ones of which the log may still have records.
    init(_ transactions: [AbortedTransaction]) {
        aborted = Dictionary(grouping: transactions, by: \.producerID).mapValues {
            $0.sorted { $0.firstOffset < $1.firstOffset }
        }
        abortedByMarker = Dictionary(transactions.map { ($0.lastOffset, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Whether the records of this batch, which has no control records, were taken back.
    func isAborted(_ header: RecordBatchHeader) -> Bool { transaction(of: header) != nil }

    private func transaction(of header: RecordBatchHeader) -> AbortedTransaction? {
        guard header.attributes.isTransactional, let transactions = aborted[header.producerId] else { return nil }
        var low = 0
        var high = transactions.count
        while low < high {
            let middle = (low + high) / 2
            if transactions[middle].firstOffset <= header.baseOffset { low = middle + 1 } else { high = middle }
        }
        guard low > 0, header.lastOffset < transactions[low - 1].lastOffset else { return nil }
        return transactions[low - 1]
    }

    /// Notes that the pass meets a batch without control records, even if it keeps nothing of it: its marker stays.
    mutating func meet(_ header: RecordBatchHeader) {
        guard header.attributes.isTransactional else { return }
        if let transaction = transaction(of: header) {
            met.insert(transaction.lastOffset)
        } else {
            committing.insert(header.producerId)
        }
    }

    /// Takes in a marker. Whether it has nothing left to decide, as no batch of its transaction was met; and what the
    /// transaction index has to keep because of it.
    mutating func end(
        _ header: RecordBatchHeader, _ marker: EndTransactionMarker
    ) -> (isSpent: Bool, kept: AbortedTransaction?) {
        switch marker.outcome {
        case .commit: return (committing.remove(header.producerId) == nil, nil)
        case .abort:
            guard let transaction = abortedByMarker[header.lastOffset], met.contains(header.lastOffset) else {
                return (true, nil)
            }
            return (false, transaction)
        }
    }
}
