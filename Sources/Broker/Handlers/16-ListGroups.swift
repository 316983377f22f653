import Bytes
import GroupCoordinator
import KafkaProtocol
import KafkaProtocolMore

/// ListGroups, versions 0 to 5. 1 throttle time; 3 flexible; 4 states, also to filter by; 5 types, also to filter by.
enum ListGroupsHandler {
    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(ListGroupsRequest.self, maximumElements: RequestLimits.settings)
        session.beginBusy()
        session.shard.askEverywhere(
            { shard in shard.loadedGroups?.flatMap { $0.list(body) } },
            then: { (answers: [[ListGroupsResponse.ListedGroup]?]) in
                var response = ListGroupsResponse()
                response.groups = answers.flatMap { $0 ?? [] }.sorted { Name($0.groupId) < Name($1.groupId) }
                if answers.contains(where: { $0 == nil }) {
                    response.errorCode = ErrorCode.coordinatorLoadInProgress.rawValue
                }
                session.answer(request.reply, response)
                session.finishBusy()
            })
    }
}
