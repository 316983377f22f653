import Bytes
import KafkaProtocol
import KafkaProtocolMore

/// A request in the name of a member: the names in it, as they are compared.
protocol MemberRequest {
    var groupId: String { get }
    var memberId: String { get }
    var groupInstanceId: String? { get }
}

extension MemberRequest {
    var group: Name { Name(groupId) }
    var member: Name { Name(memberId) }
    /// What a static member is known by.
    var instance: Name? { groupInstanceId.map { Name($0) } }
}

extension JoinGroupRequest: MemberRequest {}
extension SyncGroupRequest: MemberRequest {}
extension HeartbeatRequest: MemberRequest {}
extension OffsetCommitRequest: MemberRequest {}

extension LeaveGroupRequest {
    var group: Name { Name(groupId) }
}

extension LeaveGroupRequest.MemberIdentity {
    var member: Name { Name(memberId) }
    var instance: Name? { groupInstanceId.map { Name($0) } }
}

extension ConsumerGroupHeartbeatRequest {
    var group: Name { Name(groupId) }
    var member: Name { Name(memberId) }
    var instance: Name? { instanceId.map { Name($0) } }
}
