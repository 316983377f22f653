import Coordination
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
            row: { (group, outcome) -> DeleteGroupsResponse.DeletableGroupResult in
                var row = DeleteGroupsResponse.DeletableGroupResult()
                row.groupId = group
                switch outcome {
                case .success(.deleteGroup(let error)): row.errorCode = error.rawValue
                case .success: preconditionFailure("a command has one kind of reply")
                case .failure(let failure): row.errorCode = failure.errorCode.rawValue
                }
                return row
            },
            response: { rows in
                var response = DeleteGroupsResponse()
                response.results = rows
                return response
            })
    }
}
