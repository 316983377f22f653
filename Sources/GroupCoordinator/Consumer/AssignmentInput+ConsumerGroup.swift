import Bytes
import Collections
import Metadata

extension AssignmentInput {
    /// What a group is assigned by, as the topics are now.
    init(_ group: ConsumerGroup, _ image: ClusterImage) {
        var counts: [UUID: Int32] = [:]
        // Members mostly read the same, which is looked up once.
        var known: [Subscription: Set<UUID>] = [:]
        var last: (subscription: Subscription, topics: Set<UUID>)?
        let members = group.members.values.map { member in
            let subscription = Subscription(topics: member.metadata.topics, pattern: member.metadata.pattern)
            let topics: Set<UUID>
            if let last, last.subscription == subscription {
                topics = last.topics
            } else if let found = known[subscription] {
                topics = found
            } else {
                topics = AssignmentInput.topics(of: member, group, image, &counts)
                known[subscription] = topics
            }
            last = (subscription, topics)
            return Member(
                id: member.id, instanceID: member.metadata.instanceID, topics: topics,
                last: group.targets[member.id] ?? [:])
        }
        self.init(members: members, partitionCounts: counts)
    }

    private static func topics(
        of member: ConsumerMember, _ group: ConsumerGroup, _ image: ClusterImage, _ counts: inout [UUID: Int32]
    ) -> Set<UUID> {
        var topics: Set<UUID> = []
        for name in group.topics(of: member) {
            guard let topic = image.topics[name.text], !topic.partitions.isEmpty else { continue }
            topics.insert(topic.id)
            counts[topic.id] = Int32(clamping: topic.partitions.count)
        }
        return topics
    }
}

/// What makes a member read the same as another.
private struct Subscription: Hashable {
    let topics: Set<Name>
    let pattern: Name?
}
