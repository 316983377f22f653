import Bytes

/// Partitions that wait to be opened, and what waits for that. While partitions are being removed none is opened, since a
/// new topic may have the name of an old one.
struct PartitionOpenings {
    /// Jobs on the pool at a time, and partitions in a job.
    private static let concurrentJobs = 4
    private static let groupSize = 32

    private var waiting: [PartitionOpening] = []
    private var position = 0
    private var jobs = 0
    private var completions: [() -> Void] = []
    private var removals = 0
    /// Those of the removals that wait for nothing but a checkpoint.
    private var forgetting = 0
    private var whenNoJobs: [() -> Void] = []
    /// Partitions that were opened after their topic was deleted.
    private var orphans: [RemovedPartition] = []

    mutating func add(_ opening: PartitionOpening) { waiting.append(opening) }

    mutating func whenDone(_ then: @escaping () -> Void) { completions.append(then) }

    /// The next group to be opened; nil when all are, or enough are being opened.
    mutating func next() -> [PartitionOpening]? {
        guard removals == 0, jobs < PartitionOpenings.concurrentJobs, position < waiting.count else { return nil }
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

    var isIdle: Bool { jobs == 0 && removals == 0 && position == waiting.count }

    mutating func beginRemoval() { removals += 1 }

    mutating func endRemoval() {
        precondition(removals > 0, "a removal ends once")
        removals -= 1
    }

    mutating func beginForgetting() { forgetting += 1 }

    mutating func endForgetting() { forgetting -= 1 }

    /// Whether nothing is under way that a stop has to wait for: a checkpoint may wait for ever on a full disk, and nothing is
    /// opened before.
    var isAtRest: Bool { isIdle || jobs == 0 && removals > 0 && removals == forgetting }

    mutating func addOrphan(_ partition: RemovedPartition) { orphans.append(partition) }

    mutating func takeOrphans(of topicID: UUID) -> [RemovedPartition] {
        defer { orphans.removeAll { $0.topicID == topicID } }
        return orphans.filter { $0.topicID == topicID }
    }

    /// What waits for the openings, once there are none.
    mutating func takeCompletions() -> [() -> Void] {
        guard isIdle else { return [] }
        waiting.removeAll()
        position = 0
        defer { completions.removeAll() }
        return completions
    }
}

/// A partition whose log this shard has to open.
struct PartitionOpening: Sendable {
    let topicID: UUID
    let id: TopicPartition
    /// The directory that it has to be in, if that was settled.
    var place: Int?
}
