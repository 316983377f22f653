import Bytes

/// Partitions that wait to be opened, and what waits for that.
struct PartitionOpenings {
    /// Jobs on the pool at a time, and partitions in a job.
    private static let concurrentJobs = 4
    private static let groupSize = 32

    private var waiting: [PartitionOpening] = []
    private var position = 0
    private var jobs = 0
    private var completions: [() -> Void] = []

    mutating func add(_ opening: PartitionOpening) { waiting.append(opening) }

    mutating func whenDone(_ then: @escaping () -> Void) { completions.append(then) }

    /// The next group to be opened; nil when all are, or enough are being opened.
    mutating func next() -> [PartitionOpening]? {
        guard jobs < PartitionOpenings.concurrentJobs, position < waiting.count else { return nil }
        let end = min(position + PartitionOpenings.groupSize, waiting.count)
        defer { position = end }
        jobs += 1
        return Array(waiting[position..<end])
    }

    mutating func finishedGroup() { jobs -= 1 }

    var isIdle: Bool { jobs == 0 && position == waiting.count }

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
}
