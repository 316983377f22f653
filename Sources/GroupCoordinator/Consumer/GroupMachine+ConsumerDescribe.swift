import Bytes
import Collections
import Coordination
import KafkaProtocol
import KafkaProtocolMore
import Metadata

/// ConsumerGroupDescribe: what is not a consumer group is not there.
extension GroupMachine {
    func describeConsumer(_ name: Name) -> ConsumerGroupDescribeResponse.DescribedGroup {
        var row = ConsumerGroupDescribeResponse.DescribedGroup()
        row.groupId = name.text
        guard !name.isEmpty else {
            row.errorCode = ErrorCode.invalidGroupId.rawValue
            return row
        }
        guard case .consumer(let group) = groups[name] else {
            row.errorCode = ErrorCode.groupIdNotFound.rawValue
            row.errorMessage =
                groups[name] == nil ? "Group \(name) not found." : "Group \(name) is not a consumer group."
            return row
        }
        row.groupState = group.state.name
        row.groupEpoch = group.epoch
        row.assignmentEpoch = group.targetEpoch
        row.assignorName = group.preferredAssignor(of: rules.assignors).text
        row.members = group.orderedMembers.map { describe($0, target: group.targets[$0.id] ?? [:]) }
        return row
    }

    private func describe(_ member: ConsumerMember, target: PartitionSet)
        -> ConsumerGroupDescribeResponse.Member
    {
        var row = ConsumerGroupDescribeResponse.Member()
        row.memberId = member.id.text
        row.instanceId = member.metadata.instanceID?.text
        row.rackId = member.metadata.rackID?.text
        row.memberEpoch = member.current.epoch
        row.clientId = member.metadata.clientID.text
        row.clientHost = member.metadata.host
        row.subscribedTopicNames = member.metadata.topics.sorted().map(\.text)
        row.subscribedTopicRegex = member.metadata.pattern?.text ?? ""
        // What it is asked to give up is its own until it says that it did.
        let held = member.current.assigned.merging(member.current.revoking) { $0.merging($1) { held, _ in held } }
        row.assignment = named(held.withoutEpochs)
        row.targetAssignment = named(target)
        row.memberType = member.isClassic ? 0 : 1
        return row
    }

    /// Topics that are gone have no name.
    private func named(_ partitions: PartitionSet) -> ConsumerGroupDescribeResponse.Assignment {
        var assignment = ConsumerGroupDescribeResponse.Assignment()
        let rows = partitions.ordered.compactMap { id, partitions in
            image.topics[id].map { topic in
                var row = ConsumerGroupDescribeResponse.TopicPartitions()
                (row.topicId, row.topicName, row.partitions) = (id, topic.name, partitions)
                return row
            }
        }
        assignment.topicPartitions = rows.sorted { $0.topicName < $1.topicName }
        return assignment
    }
}
