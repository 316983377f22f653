import Bytes
import Collections
import Metadata

extension AssignmentInput {
    /// What a group is assigned by, as the topics are now.
    init(_ group: ConsumerGroup, _ image: ClusterImage) {
        var counts: [UUID: Int32] = [:]
        let members = group.members.values.map { member in
            var topics: Set<UUID> = []
            for name in group.topics(of: member) {
                guard let topic = image.topics[name.text], !topic.partitions.isEmpty else { continue }
                topics.insert(topic.id)
                counts[topic.id] = Int32(clamping: topic.partitions.count)
            }
            return Member(
                id: member.id, instanceID: member.metadata.instanceID, topics: topics,
                last: group.targets[member.id] ?? [:])
        }
        self.init(members: members, partitionCounts: counts)
    }
}
