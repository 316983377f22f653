import Bytes

/// Gives each member a run of each topic's partitions, the same run of topics that have equally many: partitions with the same
/// number, which belong together, stay together. It does not look at what members had.
enum RangeAssignor {
    static let name: Name = "range"

    static func assign(_ input: AssignmentInput) -> [Name: PartitionSet] {
        let members = input.members.sorted(by: precedes)
        var targets: [Name: PartitionSet] = [:]
        for member in members { targets[member.id] = [:] }
        for (topic, count) in input.partitionCounts {
            let readers = members.filter { $0.topics.contains(topic) }
            guard !readers.isEmpty else { continue }
            let share = Int(count) / readers.count
            let longer = Int(count) % readers.count
            var start: Int32 = 0
            for (place, reader) in readers.enumerated() {
                let end = start + Int32(share + (place < longer ? 1 : 0))
                if start < end { targets[reader.id]?[topic] = Set(start..<end) }
                start = end
            }
        }
        return targets
    }

    /// Static members come first, by their instance ids, which stay when they come back.
    private static func precedes(_ left: AssignmentInput.Member, _ right: AssignmentInput.Member) -> Bool {
        switch (left.instanceID, right.instanceID) {
        case (let left?, let right?): left < right
        case (.some, nil): true
        case (nil, .some): false
        case (nil, nil): left.id < right.id
        }
    }
}
