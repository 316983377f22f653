import Runtime

/// A listener of a running broker.
public struct BoundListener: Sendable, CustomStringConvertible {
    public let name: String
    /// The host as configured.
    public let host: String
    public let port: UInt16

    public var description: String { HostPort(host: host, port: port).description }
}
