import Runtime

/// An address to listen on, as it is found on this machine.
struct ListenerFacts: Sendable {
    enum Outcome: Sendable, Equatable {
        case free
        /// Somebody listens there, or one who may not be known.
        case taken(ProcessName?)
        case failed(SystemError)
        case unresolved(String)
    }

    /// An address that clients are told.
    struct Advertised: Sendable {
        let address: HostPort
        /// Empty where the name has none on this machine.
        let addresses: [SocketAddress]
        /// Whether the configuration names it; otherwise it is this machine's name, or the listener's own address.
        let isNamed: Bool
    }

    /// `PLAINTEXT`, or `HTTP`.
    let name: String
    /// The setting it comes from.
    let key: String
    let address: HostPort
    var addresses: [SocketAddress] = []
    var outcome = Outcome.free
    /// Nil for HTTP.
    var advertised: Advertised?

    /// Whether it listens on every address of the machine.
    var isWildcard: Bool { addresses.contains(where: \.isUnspecified) }
    var isLoopback: Bool { !addresses.isEmpty && addresses.allSatisfy(\.isLoopback) }
}
