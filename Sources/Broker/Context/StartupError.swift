/// Why a broker did not start.
public struct StartupError: Error, Sendable, CustomStringConvertible {
    public enum Kind: Sendable {
        /// The configuration cannot be used.
        case configuration
        /// A directory, a port or the like cannot be used.
        case environment
    }

    public let kind: Kind
    public let description: String

    init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
