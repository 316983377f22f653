import GroupCoordinator
import KafkaProtocol
import KafkaProtocolMore

/// SyncGroup, versions 0 to 5. 1 throttle time; 3 static members; 4 flexible; 5 the protocol's type and name.
///
/// Answered when the leader's assignment is stored.
enum SyncGroupHandler {
    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(SyncGroupRequest.self, maximumElements: RequestLimits.settings)
        session.answer(
            request.reply, byGroup: body.groupId, .syncGroup(body, session.client(request)),
            response: { if case .syncGroup(let response) = $0 { response } else { nil } },
            failed: { SyncGroupResponse.refusal($0) })
    }
}
