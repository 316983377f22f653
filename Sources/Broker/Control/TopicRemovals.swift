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

    struct Removal {
        fileprivate(set) var listeners: [Listener] = []
        /// Those whose checkpoints have to forget something.
        fileprivate(set) var directories: Set<Int> = []
    }

    private var reported: [UInt64: Removal] = [:]
    /// Those that wait for checkpoints to be written.
    private(set) var waiting: [Removal] = []

    /// An update has more forgotten in these directories than shards will report.
    mutating func expect(_ directories: Set<Int>, of update: UInt64) {
        reported[update, default: Removal()].directories.formUnion(directories)
    }

    /// - Returns: whether that was the last of the shards.
    mutating func add(_ listener: @escaping Listener, from directories: [Int], to update: UInt64, shards: Int) -> Bool {
        var removal = reported.removeValue(forKey: update) ?? Removal()
        removal.listeners.append(listener)
        removal.directories.formUnion(directories)
        guard removal.listeners.count == shards else {
            reported[update] = removal
            return false
        }
        waiting.append(removal)
        return true
    }

    /// The listeners of those that all their directories' checkpoints have forgotten.
    mutating func takeForgotten(by isKept: (_ directory: Int) -> Bool) -> [Listener] {
        let forgotten = waiting.filter { $0.directories.allSatisfy(isKept) }
        waiting.removeAll { $0.directories.allSatisfy(isKept) }
        return forgotten.flatMap(\.listeners)
    }
}
