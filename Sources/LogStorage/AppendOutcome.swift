/// Who hands a batch to the log, which decides what is checked and what is stamped.
public enum AppendOrigin: Sendable {
    /// A producer: sequences are checked, the log gives the offsets.
    case client
    /// A coordinator of this broker: no sequence is checked, the log gives the offsets.
    case coordinator
    /// The leader's bytes at a follower: offsets and epochs stay as they are.
    case replication
}

public enum AppendOutcome: Sendable, Equatable {
    /// Staged at these offsets; durable and readable only after its write and its sync.
    case appended(AppendedBatch)
    /// The producer sent this batch before: nothing is appended. The first one may itself still wait for its sync.
    case duplicate(AppendedBatch)
    case rejected(AppendError)
}

public struct AppendedBatch: Sendable, Equatable {
    public var baseOffset: Int64
    public var lastOffset: Int64
    /// The batch's largest timestamp, in milliseconds since 1970.
    public var maxTimestamp: Int64

    public init(baseOffset: Int64, lastOffset: Int64, maxTimestamp: Int64) {
        self.baseOffset = baseOffset
        self.lastOffset = lastOffset
        self.maxTimestamp = maxTimestamp
    }
}

/// Why a batch is not appended.
public enum AppendError: Error, Sendable, Equatable {
    /// The bytes are not one whole batch.
    case corruptMessage
    /// Larger than `max.message.bytes`.
    case messageTooLarge
    /// Larger than a segment may be.
    case recordListTooLarge
    /// The sequence does not follow the producer's last one.
    case outOfOrderSequence
    /// A newer epoch of this producer has written already.
    case invalidProducerEpoch
    /// The batch does not belong to the transaction that its producer has open.
    case invalidTransactionState
    /// A newer coordinator has written a marker already.
    case transactionCoordinatorFenced
    /// A follower got a batch whose offsets lie below its log's end.
    case outOfOrderOffset
    /// The log takes no writes since a write or sync failed.
    case storage

    /// Kafka's error code.
    public var code: Int16 {
        switch self {
        case .corruptMessage, .outOfOrderOffset: 2
        case .messageTooLarge: 10
        case .recordListTooLarge: 18
        case .outOfOrderSequence: 45
        case .invalidProducerEpoch: 47
        case .invalidTransactionState: 48
        case .transactionCoordinatorFenced: 52
        case .storage: 56
        }
    }
}
