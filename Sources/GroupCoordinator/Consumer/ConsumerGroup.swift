import Coordination
import KafkaProtocol
import KafkaProtocolMore

struct ConsumerGroup {
    enum State {
        case empty
        var name: String { "Empty" }
    }
    var state = State.empty
    var epoch: Int32 = 0
    var members: [String: Int] = [:]
    func isSubscribed(to topic: String) -> Bool { false }
    func checkCommit(_ request: OffsetCommitRequest, version: Int16) -> ErrorCode { .none }
    func checkFetch(member: String?, epoch: Int32) -> ErrorCode { .none }
}

extension GroupMachine {
    mutating func consumerHeartbeat(
        _ request: ConsumerGroupHeartbeatRequest, _ client: GroupClient, _ token: ReplyToken,
        _ effects: inout Effects<GroupMachine>
    ) {
        var response = ConsumerGroupHeartbeatResponse()
        response.errorCode = ErrorCode.unsupportedVersion.rawValue
        effects.reply(token, .consumerGroupHeartbeat(response))
    }
    func describeConsumer(_ name: String) -> ConsumerGroupDescribeResponse.DescribedGroup {
        var row = ConsumerGroupDescribeResponse.DescribedGroup()
        row.groupId = name
        row.errorCode = ErrorCode.groupIdNotFound.rawValue
        row.errorMessage = "Group \(name) is not a consumer group."
        return row
    }
    mutating func applyConsumer(_ record: GroupRecord, in version: StateVersion) {}
    mutating func consumerLoaded(_ name: String, _ group: ConsumerGroup, _ effects: inout Effects<GroupMachine>) {}
    mutating func removeConsumer(_ name: String, _ group: ConsumerGroup, _ effects: inout Effects<GroupMachine>) {}
    mutating func consumerSessionEnded(_ name: String, _ member: String, _ effects: inout Effects<GroupMachine>) {}
    mutating func consumerRebalanceEnded(_ name: String, _ member: String, _ effects: inout Effects<GroupMachine>) {}
    mutating func assignmentDue(_ name: String, _ effects: inout Effects<GroupMachine>) {}
    mutating func metadataChanged(_ effects: inout Effects<GroupMachine>) {}

    // Classic members of a consumer group
    mutating func convertEmptyToClassic(_ name: String, _ group: ConsumerGroup, _ effects: inout Effects<GroupMachine>)
        -> ClassicGroup?
    { nil }
    mutating func joinConsumer(
        _ group: ConsumerGroup, _ request: JoinGroupRequest, _ client: GroupClient, _ token: ReplyToken,
        _ effects: inout Effects<GroupMachine>
    ) {}
    mutating func syncConsumer(
        _ group: ConsumerGroup, _ request: SyncGroupRequest, _ client: GroupClient, _ token: ReplyToken,
        _ effects: inout Effects<GroupMachine>
    ) {}
    mutating func heartbeatConsumer(
        _ group: ConsumerGroup, _ request: HeartbeatRequest, _ client: GroupClient, _ token: ReplyToken,
        _ effects: inout Effects<GroupMachine>
    ) {}
    mutating func leaveConsumer(
        _ group: ConsumerGroup, _ request: LeaveGroupRequest, _ client: GroupClient, _ token: ReplyToken,
        _ effects: inout Effects<GroupMachine>
    ) {}
    mutating func classicMemberOfConsumerExpired(
        _ name: String, _ member: String, _ effects: inout Effects<GroupMachine>
    ) {}
}
