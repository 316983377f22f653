/// Keeps the open files of a shard's logs below a limit: those used longest ago are closed first.
public final class LogDescriptors {
    /// Files that may be open.
    public let limit: Int
    private var used: [ObjectIdentifier: (log: Log, tick: UInt64)] = [:]
    private var clock: UInt64 = 0

    public init(limit: Int) {
        precondition(limit > 0, "some files have to be open")
        self.limit = limit
    }

    /// Logs that may hold open files.
    public var count: Int { used.count }

    /// Notes that a log's files are in use.
    public func touch(_ log: Log) {
        clock += 1
        used[ObjectIdentifier(log)] = (log, clock)
    }

    /// Forgets a log that leaves this shard.
    public func remove(_ log: Log) { used[ObjectIdentifier(log)] = nil }

    /// Closes files of idle logs, down to three quarters of the limit if it is exceeded. For the end of a tick.
    public func trim() {
        // A log has up to three files for its active segment.
        guard used.count > limit / 3 else { return }
        var open = used.values.reduce(0) { $0 + $1.log.openFileCount }
        guard open > limit else { return }
        for (log, _) in used.values.sorted(by: { $0.tick < $1.tick }) where open > limit * 3 / 4 {
            open -= log.openFileCount
            log.closeIdleFiles()
            open += log.openFileCount
            if log.openFileCount == 0 { used[ObjectIdentifier(log)] = nil }
        }
    }
}
