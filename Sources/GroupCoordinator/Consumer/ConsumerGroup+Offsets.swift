import Bytes
import Collections
import KafkaProtocol
import KafkaProtocolMore

/// Who may commit and fetch offsets.
extension ConsumerGroup {
    /// An epoch that is not the newest is left to each partition.
    func checkCommit(_ request: OffsetCommitRequest, version: Int16) -> ErrorCode {
        if request.generationIdOrMemberEpoch < 0, members.isEmpty { return .none }
        guard let member = members[request.member] else { return .unknownMemberId }
        if !member.isClassic, version < 9 { return .unsupportedVersion }
        if request.generationIdOrMemberEpoch <= member.current.epoch { return .none }
        return member.isClassic ? .illegalGeneration : .staleMemberEpoch
    }

    func checkFetch(member: Name?, epoch: Int32) -> ErrorCode {
        guard member != nil || epoch >= 0 else { return .none }
        guard let member = member.flatMap({ members[$0] }) else { return .unknownMemberId }
        if epoch == member.current.epoch { return .none }
        return member.isClassic ? .illegalGeneration : .staleMemberEpoch
    }
}

extension ConsumerMember {
    /// The epoch in which it was given a partition that it still holds.
    func epoch(of partition: TopicIDPartition) -> Int32? {
        current.assigned[partition.topic]?[partition.partition]
            ?? current.revoking[partition.topic]?[partition.partition]
    }
}
