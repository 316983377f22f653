import Bytes

/// Gives members as equally many partitions as their subscriptions allow, and moves only what that calls for.
enum UniformAssignor {
    static let name: Name = "uniform"

    static func assign(_ input: AssignmentInput) -> [Name: PartitionSet] {
        guard !input.members.isEmpty else { return [:] }
        return input.isHomogeneous ? assignHomogeneous(input) : assignHeterogeneous(input)
    }

    /// All members read the same topics, so that the numbers are clear beforehand: those who have most get what is over.
    private static func assignHomogeneous(_ input: AssignmentInput) -> [Name: PartitionSet] {
        let total = input.partitionCounts.values.reduce(0) { $0 + Int($1) }
        let share = total / input.members.count
        let longer = total % input.members.count
        var given = input.kept()
        let byCount = given.indices.sorted { (-given[$0].count, $0) < (-given[$1].count, $1) }
        var quotas = [Int](repeating: share, count: given.count)
        for place in byCount.prefix(longer) { quotas[place] += 1 }

        for place in given.indices { given[place].removeLast(max(given[place].count - quotas[place], 0)) }
        var open = unassigned(input, given)[...]
        for place in given.indices {
            let missing = open.prefix(quotas[place] - given[place].count)
            given[place] += missing
            open = open.dropFirst(missing.count)
        }
        return input.targets(given)
    }

    /// Those that nobody has, in order.
    static func unassigned(_ input: AssignmentInput, _ given: [[TopicIDPartition]]) -> [TopicIDPartition] {
        let taken = Set(given.joined())
        return input.orderedTopics.flatMap { topic in
            (0..<(input.partitionCounts[topic] ?? 0)).lazy.map { TopicIDPartition(topic: topic, partition: $0) }
                .filter { !taken.contains($0) }
        }
    }
}
