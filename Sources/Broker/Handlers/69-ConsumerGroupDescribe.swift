import GroupCoordinator
import KafkaProtocol
import KafkaProtocolMore

/// ConsumerGroupDescribe, versions 0 and 1. 1 the type of each member.
enum ConsumerGroupDescribeHandler {
    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(
            ConsumerGroupDescribeRequest.self, maximumElements: session.shard.requestLimits.topics)
        session.answer(
            request.reply, byGroups: body.groupIds.withFewRepeats.map { ($0, .describeConsumerGroup($0)) },
            row: { (reply) -> ConsumerGroupDescribeResponse.DescribedGroup? in
                guard case .describeConsumerGroup(var row) = reply else { return nil }
                if body.includeAuthorizedOperations, row.errorCode == 0 {
                    row.authorizedOperations = AuthorizedOperations.group
                }
                return row
            },
            failed: { group, error in
                var row = ConsumerGroupDescribeResponse.DescribedGroup()
                row.groupId = group
                row.errorCode = error.rawValue
                return row
            },
            response: { rows in
                var response = ConsumerGroupDescribeResponse()
                response.groups = rows
                return response
            })
    }
}
