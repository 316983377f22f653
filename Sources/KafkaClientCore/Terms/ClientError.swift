import KafkaProtocol

/// Why something asked of a cluster did not happen.
public struct ClientError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Code: Equatable, Sendable {
        /// A broker refused, with this code.
        case broker(ErrorCode)
        /// No connection could be made, or it broke before the answer came.
        case disconnected
        /// The answer did not come in time.
        case timedOut
        /// The partition has no leader that is known.
        case leaderUnavailable
        /// Broker and client share no version of the request, or the version cannot say what was asked.
        case unsupportedVersion
        /// A broker sent bytes that are no answer.
        case malformedResponse
        /// The record or batch is larger than `maxRequestSize`.
        case recordTooLarge
        /// The client was closed first.
        case closed
    }

    public let code: Code
    /// One sentence without a full stop.
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// An error code that a broker sent, and its own words where it sent some.
    public init(_ errorCode: Int16, _ text: String? = nil, doing what: String) {
        let error = ErrorCode(rawValue: errorCode)
        code = .broker(error)
        let words = text.map { $0.hasSuffix(".") ? String($0.dropLast()) : $0 } ?? ClientError.words(for: error)
        message = words.map { "\(what): \($0) (\(error))" } ?? "\(what): \(error)"
    }

    /// What the codes mean that people meet, for brokers that say nothing themselves.
    private static func words(for error: ErrorCode) -> String? {
        switch error {
        case .unknownTopicOrPartition: "there is no such topic or partition"
        case .leaderNotAvailable: "the partition has no leader now"
        case .offsetOutOfRange: "the offset is not in the log"
        case .messageTooLarge: "the batch is larger than the topic allows"
        case .invalidTopicException: "that is not a name for a topic"
        case .topicAuthorizationFailed, .clusterAuthorizationFailed: "it is not allowed"
        case .topicAlreadyExists: "it exists already"
        case .notEnoughReplicas, .notEnoughReplicasAfterAppend: "too few replicas are in sync"
        case .corruptMessage: "the data is damaged"
        case .kafkaStorageError: "the broker's disk is full, or fails"
        case .invalidTimestamp: "the timestamp is not one that the topic takes"
        case .groupIdNotFound: "there is no such group"
        case .nonEmptyGroup: "it has members"
        case .groupSubscribedToTopic: "a member reads the topic"
        case .invalidGroupId: "that is not a name for a group"
        case .groupMaxSizeReached: "it has as many members as it may have"
        case .inconsistentGroupProtocol: "its members share no way to assign partitions"
        case .fencedInstanceId: "another member has the same instance id"
        case .groupAuthorizationFailed: "it is not allowed"
        case .coordinatorNotAvailable: "the group has no coordinator now"
        case .coordinatorLoadInProgress: "the coordinator is still reading its log"
        default: nil
        }
    }

    /// Whether the same may work a little later.
    public var isRetriable: Bool {
        switch code {
        case .broker(let error): error.isRetriable
        case .disconnected, .timedOut, .leaderUnavailable: true
        case .unsupportedVersion, .malformedResponse, .recordTooLarge, .closed: false
        }
    }

    /// Whether it is about reaching a broker, and none has refused anything.
    public var isOfConnection: Bool { code == .disconnected || code == .timedOut }

    public var description: String { message }
}
