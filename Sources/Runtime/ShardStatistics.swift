/// What a shard has counted since it started.
public struct ShardStatistics: Sendable {
    public var ticks = 0
    /// Time that ticks took, without the waits between them.
    public var busyNanoseconds: Int64 = 0
    public var connectionsAccepted = 0
    public var connectionsOpened = 0
    public var connectionsClosed = 0
    /// How often accepting stopped because the process or the machine had no descriptor left.
    public var acceptPauses = 0
    public var framesReceived = 0
    public var bytesReceived = 0
    public var bytesSent = 0
    /// System calls.
    public var reads = 0
    public var writes = 0
    public var fileWrites = 0
    /// How often a connection was not read from because the memory budget was used up.
    public var starvations = 0
}
