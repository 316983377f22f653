import Bytes
import Collections

/// What a way of assigning has to know of a group. It is a pure function of it: the members' targets by their ids, in which
/// each partition of a topic that somebody subscribes to is once.
struct AssignmentInput {
    struct Member {
        var id: Name
        var instanceID: Name?
        /// Only topics that are there.
        var topics: Set<UUID>
        /// Its last target.
        var last: PartitionSet
    }

    /// In the order of their ids.
    var members: [Member]
    /// How many partitions each topic has that somebody subscribes to.
    var partitionCounts: [UUID: Int32]

    init(members: [Member], partitionCounts: [UUID: Int32]) {
        self.members = members.sorted { $0.id < $1.id }
        self.partitionCounts = partitionCounts
    }

    /// Whether all members subscribe to the same topics.
    var isHomogeneous: Bool { members.allSatisfy { $0.topics == members.first?.topics } }

    var orderedTopics: [UUID] { partitionCounts.keys.sorted() }

    /// What each member had and may keep, by its place among the members: what it still subscribes to, what is still there,
    /// and what nobody before it has.
    func kept() -> [[TopicIDPartition]] {
        var taken: Set<TopicIDPartition> = []
        return members.map { member in
            var kept: [TopicIDPartition] = []
            for (topic, partitions) in member.last.ordered where member.topics.contains(topic) {
                let count = partitionCounts[topic] ?? 0
                for partition in partitions where partition >= 0 && partition < count {
                    let place = TopicIDPartition(topic: topic, partition: partition)
                    if taken.insert(place).inserted { kept.append(place) }
                }
            }
            return kept
        }
    }

    /// The targets, from what each member gets by its place.
    func targets(_ given: [[TopicIDPartition]]) -> [Name: PartitionSet] {
        var targets: [Name: PartitionSet] = [:]
        for (member, partitions) in zip(members, given) {
            var target: PartitionSet = [:]
            for place in partitions { target.insert(place.topic, place.partition) }
            targets[member.id] = target
        }
        return targets
    }
}
