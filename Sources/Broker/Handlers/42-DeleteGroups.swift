import GroupCoordinator
import KafkaProtocol
import KafkaProtocolMore

/// DeleteGroups, versions 0 to 2. 1 throttle time; 2 flexible.
enum DeleteGroupsHandler {
    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(
            DeleteGroupsRequest.self, maximumElements: session.shard.requestLimits.topics)
        session.answer(
            request.reply, byGroups: body.groupsNames.map { ($0, .deleteGroup($0)) },
            row: { (reply) -> ErrorCode? in if case .deleteGroup(let error) = reply { error } else { nil } },
            failed: { $1 },
            response: { errors in
                var response = DeleteGroupsResponse()
                response.results = zip(body.groupsNames, errors).map { group, error in
                    var row = DeleteGroupsResponse.DeletableGroupResult()
                    row.groupId = group
                    row.errorCode = error.rawValue
                    return row
                }
                return response
            })
    }
}
