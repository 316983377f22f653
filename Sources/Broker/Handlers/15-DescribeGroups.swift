import GroupCoordinator
import KafkaProtocol
import KafkaProtocolMore

/// DescribeGroups, versions 0 to 6. 1 throttle time; 3 the operations allowed; 4 instance ids; 5 flexible; 6 an error for a group
/// that is not there, in place of a dead one.
enum DescribeGroupsHandler {
    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(
            DescribeGroupsRequest.self, maximumElements: session.shard.requestLimits.topics)
        let client = session.client(request)
        session.answer(
            request.reply, byGroups: body.groups.map { ($0, .describeGroup($0, client)) },
            row: { (reply) -> DescribeGroupsResponse.DescribedGroup? in
                guard case .describeGroup(var row) = reply else { return nil }
                if request.version >= 3, body.includeAuthorizedOperations, row.errorCode == 0 {
                    row.authorizedOperations = AuthorizedOperations.group
                }
                return row
            },
            failed: { group, error in
                var row = DescribeGroupsResponse.DescribedGroup()
                row.groupId = group
                row.errorCode = error.rawValue
                return row
            },
            response: { rows in
                var response = DescribeGroupsResponse()
                response.groups = rows
                return response
            })
    }
}
