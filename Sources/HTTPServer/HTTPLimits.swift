public import Runtime

/// What clients may use up.
public struct HTTPLimits: Sendable {
    /// Connections at a time, on each address. When they are used up, one that has no whole request makes room.
    public var connections = 512
    /// Bytes of a request line with its headers, about.
    public var headerBytes = 16 << 10
    /// How long a connection may go without any progress, between requests too; counted in whole seconds.
    public var idleTimeout = Interval.seconds(30)
    /// How long a request's body may take to arrive.
    public var bodyTimeout = Interval.seconds(30)

    public init() {}
}
