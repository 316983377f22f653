public import KafkaProtocol

/// Why a coordinator gives no answer of its own.
public enum CoordinatorFailure: Error, Sendable, Hashable {
    /// Its log is being read.
    case loading
    /// Its log takes no records now.
    case notStored
    /// It would have to store a record that is larger than its log takes.
    case tooLarge
    /// It is not here, or no longer.
    case notHere

    /// What a client is told.
    public var errorCode: ErrorCode {
        switch self {
        case .loading: .coordinatorLoadInProgress
        case .notStored: .coordinatorNotAvailable
        case .tooLarge: .unknownServerError
        case .notHere: .notCoordinator
        }
    }
}
