import KafkaProtocol
import KafkaProtocolMore
import Testing

@testable import GroupCoordinator

/// Heartbeats that are refused, and leave nothing behind.
@Suite struct ConsumerRefusalTests {
    private let bench = GroupBench()

    struct BadRequest: Sendable {
        let code: ErrorCode
        let message: String
        let change: @Sendable (inout ConsumerGroupHeartbeatRequest) -> Void

        init(
            _ message: String, _ code: ErrorCode = .invalidRequest,
            _ change: @escaping @Sendable (inout ConsumerGroupHeartbeatRequest) -> Void
        ) {
            (self.code, self.message, self.change) = (code, message, change)
        }
    }

    static let badRequests = [
        BadRequest("GroupId can't be empty.") { $0.groupId = "" },
        BadRequest("GroupId can't be empty.") { $0.groupId = "  " },
        BadRequest("MemberId can't be empty.") { $0.memberId = "" },
        BadRequest("RebalanceTimeoutMs must be provided in first request.") { $0.rebalanceTimeoutMs = -1 },
        BadRequest("Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.") {
            $0.subscribedTopicNames = nil
        },
        BadRequest("TopicPartitions must be empty when (re-)joining.") { $0.topicPartitions = nil },
        BadRequest("TopicPartitions must be empty when (re-)joining.") { $0.topicPartitions = [.init()] },
        BadRequest("MemberEpoch is invalid.") { $0.memberEpoch = -3 },
        BadRequest("InstanceId can't be empty.") { $0.instanceId = "" },
        BadRequest("RackId can't be empty.") { $0.rackId = "" },
        BadRequest("InstanceId can't be null.") { $0.memberEpoch = -2 },
        BadRequest("ServerAssignor  is not supported. Supported assignors: uniform, range.", .unsupportedAssignor) {
            $0.serverAssignor = ""
        },
        BadRequest(
            "ServerAssignor nonsense is not supported. Supported assignors: uniform, range.", .unsupportedAssignor
        ) { $0.serverAssignor = "nonsense" },
        BadRequest("Consumer group g not found.", .groupIdNotFound) { $0.memberEpoch = 5 },
        BadRequest("Group g not found.", .groupIdNotFound) { $0.memberEpoch = -1 },
        BadRequest(
            "SubscribedTopicRegex `(` is not a valid regular expression: missing closing ).",
            .invalidRegularExpression
        ) { $0.subscribedTopicRegex = "(" },
    ]

    @Test(arguments: badRequests.indices)
    func aRequestThatMakesNoSenseIsRefusedAndLeavesNothing(_ index: Int) throws {
        let bad = ConsumerRefusalTests.badRequests[index]
        let client = ConsumerClient(bench, "m")
        var request = client.joinRequest(["t"])
        bad.change(&request)
        expectRefusal(try client.send(request), bad.code, bad.message)
        #expect(bench.log.isEmpty)
        #expect(bench.group("g") == nil)
    }

    @Test func aBrokerMayNotServeTheProtocolAtAll() throws {
        var rules = GroupRules()
        rules.servesConsumerProtocol = false
        expectRefusal(try ConsumerClient(GroupBench(rules: rules), "m").join(["t"]), .unsupportedVersion, nil)
    }

    @Test func aGroupMayBeFull() throws {
        var rules = GroupRules()
        rules.maximumConsumerSize = 1
        let bench = GroupBench(rules: rules)
        let one = ConsumerClient(bench, "one")
        try one.join(["t"])
        expectRefusal(
            try ConsumerClient(bench, "two").join(["t"]), .groupMaxSizeReached,
            "The consumer group has reached its maximum capacity of 1 members.")
        #expect(try one.join(["t"]).errorCode == 0)
    }
}

/// Expects a refusal that tells nothing besides.
func expectRefusal(
    _ response: ConsumerGroupHeartbeatResponse, _ code: ErrorCode, _ message: String?,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(response.errorCode == code.rawValue, sourceLocation: sourceLocation)
    #expect(response.errorMessage == message, sourceLocation: sourceLocation)
    #expect(response.memberId == nil, sourceLocation: sourceLocation)
    #expect(response.assignment == nil, sourceLocation: sourceLocation)
}
