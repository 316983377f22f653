/// How the removal of topics stands when all shards have renamed their directories.
enum RemovalState: Sendable {
    /// No checkpoint speaks of their partitions any more.
    case forgotten
    /// The checkpoints still do, and cannot be written now; these directories have no room for them.
    case remembered(fullDirectories: Set<Int>)
}

/// Removals of topics that are under way: each shard reports when its part of an update is done, and hears how it goes on.
struct TopicRemovals {
    typealias Listener = @Sendable (RemovalState) -> Void

    private var reported: [UInt64: [Listener]] = [:]
    /// Who waits for the checkpoints to be written.
    private(set) var waiting: [Listener] = []

    /// - Returns: whether that was the last of the shards.
    mutating func add(_ listener: @escaping Listener, to update: UInt64, shards: Int) -> Bool {
        reported[update, default: []].append(listener)
        guard reported[update]?.count == shards, let complete = reported.removeValue(forKey: update) else {
            return false
        }
        waiting += complete
        return true
    }

    mutating func takeWaiting() -> [Listener] {
        defer { waiting.removeAll() }
        return waiting
    }
}
