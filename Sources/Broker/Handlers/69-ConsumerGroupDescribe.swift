import Coordination
import GroupCoordinator
import KafkaProtocol
import KafkaProtocolMore

/// ConsumerGroupDescribe, versions 0 and 1. 1 the type of each member.
enum ConsumerGroupDescribeHandler {
    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(
            ConsumerGroupDescribeRequest.self, maximumElements: session.shard.requestLimits.topics)
        session.answer(
            request.reply, byGroups: body.groupIds.map { ($0, .describeConsumerGroup($0)) },
            row: { (group, outcome) -> ConsumerGroupDescribeResponse.DescribedGroup in
                var row = described(group, outcome)
                if body.includeAuthorizedOperations, row.errorCode == 0 {
                    row.authorizedOperations = AuthorizedOperations.group
                }
                return row
            },
            response: { rows in
                var response = ConsumerGroupDescribeResponse()
                response.groups = rows
                return response
            })
    }

    private static func described(
        _ group: String, _ outcome: Result<GroupReply, CoordinatorFailure>
    ) -> ConsumerGroupDescribeResponse.DescribedGroup {
        var row = ConsumerGroupDescribeResponse.DescribedGroup()
        row.groupId = group
        switch outcome {
        case .success(.describeConsumerGroup(let described)): return described
        case .success: preconditionFailure("a command has one kind of reply")
        case .failure(let failure): row.errorCode = failure.errorCode.rawValue
        }
        return row
    }
}
