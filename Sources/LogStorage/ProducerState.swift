import Files
import Records

/// The producers of one log and their transactions.
struct ProducerState: Sendable {
    struct OpenTransaction: Sendable, Equatable {
        var firstOffset: Int64
        var producerID: Int64
    }

    private(set) var entries: [Int64: ProducerEntry] = [:]
    /// By first offset, lowest first.
    private(set) var openTransactions: [OpenTransaction] = []
    /// Ended ones whose marker the high watermark has not passed: their records are not stable yet.
    private(set) var completedTransactions: [CompletedTransaction] = []

    enum Verdict: Equatable {
        case accepted
        case duplicate(ProducerBatch)
        case rejected(AppendError)
    }

    /// Judges a batch that is about to be appended.
    func verdict(on header: RecordBatchHeader, marker: EndTransactionMarker?, origin: AppendOrigin) -> Verdict {
        guard origin != .replication, let entry = entries[header.producerId] else { return .accepted }
        if let marker {
            if header.producerEpoch < entry.epoch { return .rejected(.invalidProducerEpoch) }
            if marker.coordinatorEpoch < entry.coordinatorEpoch { return .rejected(.transactionCoordinatorFenced) }
            return .accepted
        }
        if origin == .client, header.producerEpoch == entry.epoch, !PlantedBug.duplicateNotRecognised.isOn,
            let known = entry.batches.first(firstSequence: header.baseSequence, lastSequence: header.lastSequence)
        {
            return .duplicate(known)
        }
        if header.producerEpoch < entry.epoch { return .rejected(.invalidProducerEpoch) }
        if origin == .client, !entry.accepts(sequence: header.baseSequence, epoch: header.producerEpoch),
            !PlantedBug.sequenceNotChecked.isOn
        {
            return .rejected(.outOfOrderSequence)
        }
        if entry.transactionStart != nil, !header.attributes.isTransactional {
            return .rejected(.invalidTransactionState)
        }
        return .accepted
    }

    /// Takes in a batch that has its offsets. Answers the transaction that a marker ended.
    mutating func apply(_ header: RecordBatchHeader, marker: EndTransactionMarker?) -> CompletedTransaction? {
        _ = makeRoom(for: header.producerId)
        var entry = entries[header.producerId] ?? ProducerEntry()
        defer { entries[header.producerId] = entry }
        if entry.epoch != header.producerEpoch {
            entry.epoch = header.producerEpoch
            entry.batches = RecentBatches()
        }
        entry.lastTimestamp = header.maxTimestamp
        guard let marker else {
            entry.batches.append(
                ProducerBatch(
                    lastSequence: header.lastSequence, lastOffset: header.lastOffset,
                    offsetDelta: header.lastOffsetDelta,
                    timestamp: header.maxTimestamp))
            if header.attributes.isTransactional, entry.transactionStart == nil {
                entry.transactionStart = header.baseOffset
                openTransactions.append(
                    OpenTransaction(firstOffset: header.baseOffset, producerID: header.producerId))
            }
            return nil
        }
        entry.coordinatorEpoch = marker.coordinatorEpoch
        guard let start = entry.transactionStart else { return nil }
        entry.transactionStart = nil
        openTransactions.removeAll { $0.producerID == header.producerId }
        let completed = CompletedTransaction(
            producerID: header.producerId, firstOffset: start, lastOffset: header.lastOffset,
            lastStableOffset: openTransactions.first?.firstOffset ?? header.lastOffset + 1,
            isAborted: marker.outcome == .abort)
        completedTransactions.append(completed)
        return completed
    }

    /// Producers that a partition knows: a client makes up as many as it likes, and each is remembered for a day. With one more
    /// the dictionary would take twice the memory.
    static let capacity = 49_152

    /// Forgets the eighth of the producers that has been silent longest, as if it had expired, where one more is too many.
    ///
    /// - Returns: those that it forgot.
    mutating func makeRoom(for producer: Int64) -> [(id: Int64, entry: ProducerEntry?)] {
        guard entries.count >= ProducerState.capacity, entries[producer] == nil else { return [] }
        let silent = entries.lazy.filter { $0.value.transactionStart == nil }.map { ($0.value.lastTimestamp, $0.key) }
            .sorted(by: <).prefix(ProducerState.capacity / 8).map(\.1)
        let forgotten = silent.map { ($0, entries[$0]) }
        forget(silent)
        return forgotten
    }

    /// The ids come in an array of their own: while something lazy holds the entries, the first change copies all of them.
    private mutating func forget(_ producers: [Int64]) {
        for id in producers { entries[id] = nil }
    }

    /// The first offset that may still be part of an undecided transaction, or of one whose marker lies at or past the
    /// high watermark.
    var firstUnstableOffset: Int64? {
        let open = openTransactions.first?.firstOffset
        let completed = completedTransactions.lazy.map(\.firstOffset).min()
        return [open, completed].compactMap { $0 }.min()
    }

    mutating func highWatermarkAdvanced(to highWatermark: Int64) {
        if completedTransactions.isEmpty { return }
        completedTransactions.removeAll { $0.lastOffset < highWatermark }
    }

    /// Forgets producers that have been silent for `limit` milliseconds and have no transaction open.
    mutating func expire(now: Int64, after limit: Int64) {
        let (oldest, overflow) = now.subtractingReportingOverflow(limit)
        if overflow { return }
        forget(
            entries.lazy.filter { $0.value.transactionStart == nil && $0.value.lastTimestamp <= oldest }.map(\.key))
    }

    /// Takes up an entry that a snapshot holds.
    mutating func restore(_ entry: ProducerEntry, producerID: Int64) {
        entries[producerID] = entry
        guard let start = entry.transactionStart else { return }
        openTransactions.append(OpenTransaction(firstOffset: start, producerID: producerID))
        openTransactions.sort { $0.firstOffset < $1.firstOffset }
    }
}

// MARK: - Taking back what was staged

extension ProducerState {
    /// What `apply` may change besides entries.
    struct Transactions: Sendable {
        fileprivate var open: [OpenTransaction]
        fileprivate var completed: [CompletedTransaction]
    }

    var transactions: Transactions { Transactions(open: openTransactions, completed: completedTransactions) }

    /// Puts back an entry (nil: there was none) as it was before an `apply`.
    mutating func revert(producerID: Int64, to entry: ProducerEntry?) { entries[producerID] = entry }

    mutating func revert(to transactions: Transactions) {
        openTransactions = transactions.open
        // What the high watermark has passed since then stays settled.
        completedTransactions = transactions.completed.filter(completedTransactions.contains)
    }
}

extension ProducerEntry {
    /// Whether a batch that starts with this sequence is the next one.
    fileprivate func accepts(sequence: Int32, epoch batchEpoch: Int16) -> Bool {
        if epoch == -1 { return true }
        if batchEpoch != epoch { return sequence == 0 }
        let last = batches.last?.lastSequence ?? -1
        return sequence == (last == .max ? 0 : last + 1)
    }
}

/// A transaction that has its marker.
struct CompletedTransaction: Sendable, Equatable {
    var producerID: Int64
    var firstOffset: Int64
    /// The offset of the marker.
    var lastOffset: Int64
    /// The last stable offset once this one was decided.
    var lastStableOffset: Int64
    var isAborted: Bool
}
