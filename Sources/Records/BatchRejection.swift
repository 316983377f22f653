/// Why what a client sent for a partition is not stored.
public struct BatchRejection: Error, Equatable, Sendable {
    /// The raw values are Kafka's error codes.
    public enum Reason: Int16, Sendable {
        case corruptMessage = 2
        case messageTooLarge = 10
        case invalidTimestamp = 32
        case unsupportedCompressionType = 76
        case invalidRecord = 87
    }

    public struct RecordError: Equatable, Sendable {
        /// The record's position in the batch.
        public var batchIndex: Int32
        public var message: String
    }

    /// Errors of single records that are told; those after it are only counted.
    public static let maximumRecordErrors = 100

    public var reason: Reason
    /// For the broker's log.
    public var message: String
    /// Whether Kafka's answer carries a message for this, so that ours does (from Produce version 8).
    public var isMessageForClient = false
    public var recordErrors: [RecordError] = []
    /// The field is no single batch, which Kafka finds out before it looks at the log: such an answer tells nothing of it.
    public var isOfField = false

    public var errorCode: Int16 { reason.rawValue }
    public var clientMessage: String? { isMessageForClient ? message : nil }

    public init(
        _ reason: Reason, _ message: String, isMessageForClient: Bool = false, recordErrors: [RecordError] = []
    ) {
        self.reason = reason
        self.message = message
        self.isMessageForClient = isMessageForClient
        self.recordErrors = recordErrors
    }
}
