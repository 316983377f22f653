import Bytes

/// What a member has processed and not stored yet. One request at a time: a later one would otherwise be able to arrive
/// before an earlier.
struct GroupCommits {
    private var processed: [TopicPartition: Int64] = [:]
    private var isUnderWay = false
    /// Who waits until everything that was processed is stored.
    private var waiting: [() -> Void] = []

    mutating func processed(upTo offset: Int64, of partition: TopicPartition) { processed[partition] = offset }

    /// The partitions are not this member's any more.
    mutating func forget() { processed = [:] }

    enum Beginning {
        case nothingToStore
        /// A request is under way; who asks goes on after that, or after the next.
        case waits
        case store([TopicPartition: Int64])
    }

    /// - Parameter then: what goes on when everything is stored or cannot be; not kept where there is nothing to store.
    mutating func begin(_ then: @escaping () -> Void) -> Beginning {
        if !isUnderWay, processed.isEmpty { return .nothingToStore }
        waiting.append(then)
        guard !isUnderWay else { return .waits }
        isUnderWay = true
        return .store(processed)
    }

    /// A request has ended.
    ///
    /// - Returns: who has waited for it, and whether they need another one first.
    mutating func end(
        _ offsets: [TopicPartition: Int64], isStored: Bool
    ) -> (goOn: [() -> Void], isWantedAgain: Bool) {
        isUnderWay = false
        if isStored {
            for (partition, offset) in offsets where processed[partition] == offset { processed[partition] = nil }
        }
        // What could not be stored is not tried again for those who wait: they have something else to do.
        if isStored, !processed.isEmpty { return ([], true) }
        defer { waiting = [] }
        return (waiting, false)
    }
}
