/// What the log knows of one producer: enough to recognise what it sends again and what it skipped.
struct ProducerEntry: Sendable {
    /// -1 when only a marker of an unknown producer was seen.
    var epoch: Int16 = -1
    var coordinatorEpoch: Int32 = -1
    var lastTimestamp: Int64 = -1
    /// The first offset of the transaction that is open.
    var transactionStart: Int64?
    var batches = RecentBatches()
}

/// One batch of a producer.
struct ProducerBatch: Sendable, Equatable {
    var lastSequence: Int32
    var lastOffset: Int64
    var offsetDelta: Int32
    var timestamp: Int64

    var firstOffset: Int64 { lastOffset - Int64(offsetDelta) }

    /// Sequences wrap from 2³¹ − 1 to 0.
    var firstSequence: Int32 {
        Int32(truncatingIfNeeded: (Int64(lastSequence) - Int64(offsetDelta)) & 0x7FFF_FFFF)
    }
}

/// A producer's newest batches, oldest first: as many as a client may have in flight.
struct RecentBatches: Sendable {
    static let capacity = 5

    private var storage: InlineArray<5, ProducerBatch>
    private(set) var count = 0

    init() {
        storage = InlineArray(repeating: ProducerBatch(lastSequence: -1, lastOffset: -1, offsetDelta: 0, timestamp: -1))
    }

    subscript(index: Int) -> ProducerBatch {
        precondition(index < count, "no such batch")
        return storage[index]
    }

    var last: ProducerBatch? { count > 0 ? storage[count - 1] : nil }

    mutating func append(_ batch: ProducerBatch) {
        if count == RecentBatches.capacity {
            for index in 1..<count { storage[index - 1] = storage[index] }
            count -= 1
        }
        storage[count] = batch
        count += 1
    }

    func first(firstSequence: Int32, lastSequence: Int32) -> ProducerBatch? {
        for index in 0..<count {
            let batch = storage[index]
            if batch.lastSequence == lastSequence, batch.firstSequence == firstSequence { return batch }
        }
        return nil
    }
}
