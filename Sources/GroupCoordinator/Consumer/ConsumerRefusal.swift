import Bytes
import KafkaProtocol
import KafkaProtocolMore

/// Why a request of a member is not served. Nothing has been written when it is thrown.
struct ConsumerRefusal: Error, Equatable {
    var code: ErrorCode
    var message: String

    init(_ code: ErrorCode, _ message: String) {
        self.code = code
        self.message = message
    }

    static func unknownMember(_ member: Name, of group: Name) -> ConsumerRefusal {
        ConsumerRefusal(.unknownMemberId, "Member \(member) is not a member of group \(group).")
    }

    static func fencedInstance(_ instance: Name, of member: Name, by holder: Name) -> ConsumerRefusal {
        ConsumerRefusal(
            .fencedInstanceId, "Static member \(member) with instance id \(instance) was fenced by member \(holder).")
    }
}

extension ConsumerGroupHeartbeatRequest {
    /// Whether it makes sense by itself.
    func check(_ version: Int16, assignors: [Name]) throws(ConsumerRefusal) {
        // In version 0 the broker made up the ids of members that join.
        if version >= 1 || memberEpoch > 0 || memberEpoch == -1 { try checkText(memberId, "MemberId") }
        try checkText(groupId, "GroupId")
        try checkText(instanceId, "InstanceId")
        try checkText(rackId, "RackId")
        switch memberEpoch {
        case 0: try checkJoin()
        case CurrentAssignment.awayEpoch where instanceId == nil: throw invalid("InstanceId can't be null.")
        case ..<CurrentAssignment.awayEpoch: throw invalid("MemberEpoch is invalid.")
        default: break
        }
        if let serverAssignor, !assignors.contains(Name(serverAssignor)) {
            throw ConsumerRefusal(
                .unsupportedAssignor,
                "ServerAssignor \(serverAssignor) is not supported. Supported assignors: "
                    + "\(assignors.map(\.text).joined(separator: ", ")).")
        }
    }

    private func checkJoin() throws(ConsumerRefusal) {
        if rebalanceTimeoutMs == -1 { throw invalid("RebalanceTimeoutMs must be provided in first request.") }
        if topicPartitions?.isEmpty != true { throw invalid("TopicPartitions must be empty when (re-)joining.") }
        if subscribedTopicNames == nil, subscribedTopicRegex == nil {
            throw invalid("Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.")
        }
    }

    private func checkText(_ text: String?, _ field: String) throws(ConsumerRefusal) {
        if let text, text.utf8.allSatisfy({ $0 <= UInt8(ascii: " ") }) { throw invalid("\(field) can't be empty.") }
    }

    private func invalid(_ message: String) -> ConsumerRefusal { ConsumerRefusal(.invalidRequest, message) }

    /// Whether it tells everything about the member, and so wants everything told.
    var isFull: Bool {
        rebalanceTimeoutMs != -1 && topicPartitions != nil
            && (subscribedTopicNames != nil || subscribedTopicRegex != nil)
    }
}

extension ConsumerMember {
    /// Whether a request in its name has the epoch that it should have.
    func checkEpoch(_ received: Int32, owned: PartitionSet?) throws(ConsumerRefusal) {
        let known = current.epoch
        if received == 0 || received == known { return }
        if received > known { throw fenced(received, is: "greater") }
        // The answer that told of the newer epoch may have been lost.
        let hasOnlyItsOwn =
            owned?.allSatisfy { topic, partitions in
                partitions.allSatisfy { current.assigned.contains(topic, $0) }
            } ?? false
        guard received == current.previousEpoch, hasOnlyItsOwn else { throw fenced(received, is: "smaller") }
    }

    private func fenced(_ received: Int32, is relation: String) -> ConsumerRefusal {
        ConsumerRefusal(
            .fencedMemberEpoch,
            "The consumer group member has a \(relation) member epoch (\(received)) than the one known by the group "
                + "coordinator (\(current.epoch)). The member must abandon all its partitions and rejoin.")
    }

    /// A member in a state that is not known can only start anew.
    func checkState(owned: PartitionSet?) throws(ConsumerRefusal) {
        guard current.state == .unknown, owned?.isEmpty != true else { return }
        throw ConsumerRefusal(
            .fencedMemberEpoch,
            "The consumer group member is in a unknown state. The member must abandon all its partitions and rejoin.")
    }
}
