import KafkaProtocol

/// Why something asked of a cluster did not happen.
public struct ClientError: Error, Sendable, CustomStringConvertible {
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
        message = text.map { "\(what): \($0) (\(error))" } ?? "\(what): \(error)"
    }

    /// Whether the same may work a little later.
    public var isRetriable: Bool {
        switch code {
        case .broker(let error): error.isRetriable
        case .disconnected, .timedOut, .leaderUnavailable: true
        case .unsupportedVersion, .malformedResponse, .recordTooLarge, .closed: false
        }
    }

    public var description: String { message }
}
