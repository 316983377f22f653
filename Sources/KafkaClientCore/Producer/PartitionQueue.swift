import Collections
import KafkaProtocol
import Records
import Runtime

/// The id under which brokers recognise a producer's batches.
struct ProducerIdentity: Equatable {
    let id: Int64
    var epoch: Int16
}

/// A batch that is complete and waits for, or is on, its way.
struct ProducerBatch {
    /// Names it among all batches of the producer.
    let id: Int
    var bytes: [UInt8]
    let recordCount: Int32
    /// What its records count for in the producer's buffer.
    let bufferedBytes: Int
    let createdAt: MonotonicTime
    let timestamps: [Int64]
    var deliveries: [DeliveryHandler?]
    /// Given when it is sent for the first time under an identity.
    var sequence: Int32?
    /// Why the last attempt failed.
    var lastFailure: ErrorCode?
}

/// The batches of one partition, in order, and what becomes of them.
///
/// A pure machine. Batches go out in order, up to `maximumInFlight` at a time. When one fails and may be retried, nothing
/// more goes out until the answers of all that are in flight are there; then those that failed go out again, in their order
/// one by one and with their sequences, so that a broker that has one of them recognises it.
struct PartitionQueue {
    private let maximumInFlight: Int
    private let isIdempotent: Bool
    private var waiting = Deque<ProducerBatch>()
    private(set) var inFlight: [ProducerBatch] = []
    /// Failed batches, in order; empty unless recovering.
    private var retrying: [ProducerBatch] = []
    private var retryAt: MonotonicTime?
    private(set) var identity: ProducerIdentity?
    /// A producer id that brokers no longer take from here.
    private(set) var refusedProducerId: Int64?
    private var nextSequence: Int32 = 0
    /// Whether the broker has a batch of this identity. Until then it takes any sequence for the first, so that a second
    /// batch could overtake.
    private var isKnownToBroker = false

    init(maximumInFlight: Int, isIdempotent: Bool) {
        // Brokers recognise the last five batches of a producer.
        self.maximumInFlight = isIdempotent ? min(maximumInFlight, 5) : 1
        self.isIdempotent = isIdempotent
    }

    var isEmpty: Bool { waiting.isEmpty && inFlight.isEmpty && retrying.isEmpty }
    var hasWaiting: Bool { !waiting.isEmpty }

    /// Whether a new identity has to be obtained before anything can be sent.
    var needsIdentity: Bool { isIdempotent && identity == nil && !waiting.isEmpty }

    /// When it is worth looking again; nil when an answer or a new batch has to come first.
    var nextAttempt: MonotonicTime? { waiting.isEmpty || !retrying.isEmpty ? nil : retryAt }

    mutating func enqueue(_ batch: ProducerBatch) { waiting.append(batch) }

    mutating func assign(_ identity: ProducerIdentity) {
        precondition(
            self.identity == nil && inFlight.isEmpty, "an identity is replaced only while nothing is in flight")
        self.identity = identity
        restartSequences()
    }

    func canTake(_ now: MonotonicTime) -> Bool {
        guard !waiting.isEmpty, retrying.isEmpty, inFlight.count < maximumInFlight else { return false }
        if isIdempotent, identity == nil { return false }
        if !inFlight.isEmpty, goesAlone(waiting[0]) || inFlight.contains(where: goesAlone) { return false }
        return retryAt.map { $0 <= now } ?? true
    }

    /// Whether no other batch may be in flight with this one: the first of an identity, and one that failed before. The
    /// broker may have that one, and would forget it if others were written meanwhile.
    private func goesAlone(_ batch: ProducerBatch) -> Bool { batch.lastFailure != nil || !isKnownToBroker }

    /// The size of the batch that `take` would give.
    var nextSize: Int? { waiting.isEmpty ? nil : waiting[0].bytes.count }

    /// The next batch, stamped and in flight from now on.
    mutating func take(_ now: MonotonicTime) -> ProducerBatch? {
        guard canTake(now), var batch = waiting.popFirst() else { return nil }
        retryAt = nil
        if let identity, batch.sequence == nil {
            batch.sequence = nextSequence
            nextSequence = RecordBatchHeader.sequence(nextSequence, after: batch.recordCount)
            batch.stamp(identity, sequence: batch.sequence ?? -1)
        }
        inFlight.append(batch)
        return batch
    }

    /// The broker has the batch.
    mutating func delivered(_ id: Int) -> ProducerBatch? {
        guard let batch = remove(id) else { return nil }
        isKnownToBroker = true
        resumeIfAnswered(retryAt: nil)
        return batch
    }

    /// The batch failed and may be sent again at `retryAt`.
    mutating func failed(_ id: Int, _ error: ErrorCode, retryAt: MonotonicTime) {
        guard var batch = remove(id) else { return }
        batch.lastFailure = error
        let index = retrying.firstIndex { $0.id > batch.id } ?? retrying.endIndex
        retrying.insert(batch, at: index)
        resumeIfAnswered(retryAt: retryAt)
    }

    /// The batch failed for good.
    mutating func rejected(_ id: Int) -> ProducerBatch? {
        guard let batch = remove(id) else { return nil }
        resumeIfAnswered(retryAt: nil)
        return batch
    }

    /// Takes out the batches made until `time` that are not in flight. What is still to come keeps its sequences: whether
    /// the broker has what was taken out, its answer to the next batch tells.
    mutating func takeExpired(createdUntil time: MonotonicTime) -> [ProducerBatch] {
        var expired: [ProducerBatch] = []
        while !waiting.isEmpty, waiting[0].createdAt <= time {
            if let batch = waiting.popFirst() { expired.append(batch) }
        }
        return expired
    }

    /// When the oldest batch was created that is not in flight.
    var oldestWaiting: MonotonicTime? { waiting.isEmpty ? nil : waiting[0].createdAt }

    /// Takes out everything.
    mutating func removeAll() -> [ProducerBatch] {
        var all = inFlight + retrying
        while let batch = waiting.popFirst() { all.append(batch) }
        inFlight = []
        retrying = []
        return all.sorted { $0.id < $1.id }
    }

    private mutating func remove(_ id: Int) -> ProducerBatch? {
        inFlight.firstIndex { $0.id == id }.map { inFlight.remove(at: $0) }
    }

    /// Puts failed batches in front again once every answer is there.
    private mutating func resumeIfAnswered(retryAt: MonotonicTime?) {
        if let retryAt { self.retryAt = retryAt }
        guard inFlight.isEmpty, let first = retrying.first else { return }
        for batch in retrying.reversed() { waiting.prepend(batch) }
        retrying = []
        // A gap before the first of all unanswered batches: what came before it is lost, or was given up. The broker has
        // none of them under this epoch, so they can start anew under the next.
        switch first.lastFailure {
        case .outOfOrderSequenceNumber?, .unknownProducerId?: raiseEpoch()
        case .invalidProducerEpoch?, .invalidProducerIdMapping?: dropIdentity()
        default: break
        }
    }

    private mutating func raiseEpoch() {
        guard let current = identity, current.epoch < .max else { return dropIdentity() }
        identity?.epoch = current.epoch + 1
        restartSequences()
    }

    private mutating func dropIdentity() {
        refusedProducerId = identity?.id
        identity = nil
        restartSequences()
    }

    private mutating func restartSequences() {
        nextSequence = 0
        isKnownToBroker = false
        for _ in 0..<waiting.count {
            guard var batch = waiting.popFirst() else { break }
            batch.sequence = nil
            waiting.append(batch)
        }
    }
}

extension ProducerBatch {
    /// Where the header has what only the sender knows (the format is fixed).
    private enum Position {
        static let producerId = 43
        static let producerEpoch = 51
        static let baseSequence = 53
    }

    /// Writes who sends the batch, and where it stands, into its header.
    mutating func stamp(_ identity: ProducerIdentity, sequence: Int32) {
        bytes.withUnsafeMutableBytes { bytes in
            do throws(RecordBatchError) {
                let batch = try MutableRecordBatchView(bytes)
                bytes.storeBytes(of: identity.id.bigEndian, toByteOffset: Position.producerId, as: Int64.self)
                bytes.storeBytes(of: identity.epoch.bigEndian, toByteOffset: Position.producerEpoch, as: Int16.self)
                bytes.storeBytes(of: sequence.bigEndian, toByteOffset: Position.baseSequence, as: Int32.self)
                batch.updateChecksum()
            } catch {
                preconditionFailure("a batch that was built can be read: \(error)")
            }
        }
    }
}
