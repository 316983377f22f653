/// How the files that the process may have open are shared out, so that connections cannot take those of the logs.
public struct DescriptorShares: Sendable {
    /// For the logs of all shards.
    public let logs: Int
    public let connections: Int

    /// - Parameter limit: the most that the process may have open.
    public init(limit: Int) {
        logs = limit / 2
        // Event loops and listeners, files that are open for a moment, and logs that are over their share until they are
        // trimmed.
        let reserve = 32 + limit / 16
        connections = max(limit - logs - reserve, 1)
    }
}
