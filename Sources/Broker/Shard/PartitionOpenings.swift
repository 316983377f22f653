import Bytes

/// Partitions that wait to be opened, and what waits for that. None is opened whose name is held: a new topic may have the
/// name of an old one, which is not gone yet.
struct PartitionOpenings {
    /// Jobs on the pool at a time, and partitions in a job.
    private static let concurrentJobs = 4
    private static let groupSize = 32

    /// The partitions of a topic's name that wait until nothing is left of another topic of that name.
    private struct Hold {
        /// Who holds the name.
        var count = 0
        /// Whether nobody knows when that ends.
        var isStuck = false
        var openings: [PartitionOpening] = []
    }

    private var waiting: [PartitionOpening] = []
    private var position = 0
    private var jobs = 0
    private var completions: [() -> Void] = []
    private var holds: [String: Hold] = [:]
    private var interruptions = 0
    private var whenNoJobs: [() -> Void] = []
    /// Partitions that were opened after their topic was deleted.
    private var orphans: [RemovedPartition] = []
    /// How many are to be opened soon, since the start.
    private(set) var expectedCount = 0

    /// False where the partition's name is held and nobody knows until when.
    mutating func add(_ opening: PartitionOpening) -> Bool {
        if let hold = holds[opening.id.topic] {
            holds[opening.id.topic]?.openings.append(opening)
            if hold.isStuck { return false }
        } else {
            waiting.append(opening)
        }
        expectedCount += 1
        return true
    }

    mutating func whenDone(_ then: @escaping () -> Void) { completions.append(then) }

    /// The next group to be opened; nil when all are, or enough are being opened.
    mutating func next() -> [PartitionOpening]? {
        guard jobs < PartitionOpenings.concurrentJobs, position < waiting.count else { return nil }
        let end = min(position + PartitionOpenings.groupSize, waiting.count)
        defer { position = end }
        jobs += 1
        return Array(waiting[position..<end])
    }

    /// A group is open; what waited for the last one to be.
    mutating func finishedGroup() -> [() -> Void] {
        jobs -= 1
        guard jobs == 0 else { return [] }
        defer { whenNoJobs.removeAll() }
        return whenNoJobs
    }

    /// Whether a group is being opened.
    var isRunning: Bool { jobs > 0 }

    /// Keeps `action` for the end of the last group that is being opened.
    mutating func whenNoneRuns(_ action: @escaping () -> Void) {
        precondition(isRunning, "an action waits for something")
        whenNoJobs.append(action)
    }

    /// Whether everything is open that is to be soon.
    private var isDone: Bool {
        jobs == 0 && position == waiting.count && holds.values.allSatisfy { $0.isStuck || $0.openings.isEmpty }
    }

    /// Whether nothing is being opened, renamed or exchanged.
    var isIdle: Bool { isDone && interruptions == 0 }

    /// Directories of partitions get other names from now on.
    mutating func beginInterruption() { interruptions += 1 }

    mutating func endInterruption() {
        precondition(interruptions > 0, "an interruption ends once")
        interruptions -= 1
    }

    mutating func addOrphan(_ partition: RemovedPartition) { orphans.append(partition) }

    mutating func takeOrphans(of topicID: UUID) -> [RemovedPartition] {
        defer { orphans.removeAll { $0.topicID == topicID } }
        return orphans.filter { $0.topicID == topicID }
    }

    /// What waits for the openings, once there are none.
    mutating func takeCompletions() -> [() -> Void] {
        guard isDone else { return [] }
        waiting.removeAll()
        position = 0
        defer { completions.removeAll() }
        return completions
    }
}

// MARK: - Names that are held

extension PartitionOpenings {
    /// Opens no partition of a topic of this name until each hold of it was released.
    mutating func hold(_ name: String) { holds[name, default: Hold()].count += 1 }

    /// It may be long until the name is released.
    ///
    /// - Returns: the partitions that wait for it, where that was not known yet.
    mutating func stick(_ name: String) -> [PartitionOpening] {
        guard let hold = holds[name], !hold.isStuck else { return [] }
        holds[name]?.isStuck = true
        return hold.openings
    }

    /// Ends one hold of the name, and with the last one has the partitions opened that waited for it.
    ///
    /// - Returns: how many of them nobody expected any more.
    mutating func release(_ name: String) -> Int {
        guard let hold = holds[name] else { preconditionFailure("a hold is released once") }
        guard hold.count == 1 else {
            holds[name]?.count -= 1
            return 0
        }
        holds[name] = nil
        waiting += hold.openings
        return hold.isStuck ? hold.openings.count : 0
    }
}

/// A partition whose log this shard has to open.
struct PartitionOpening: Sendable {
    let topicID: UUID
    let id: TopicPartition
    /// The directory that it has to be in, if that was settled.
    var place: Int?
}
