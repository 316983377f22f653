import GroupCoordinator
import KafkaProtocol
import KafkaProtocolMore

/// JoinGroup, versions 0 to 9. 1 rebalance timeout; 2 throttle time; 4 the member id is handed out first (KIP-394);
/// 5 static members; 6 flexible; 7 the protocol's type; 8 reasons; 9 skip assignment (KIP-814).
///
/// Answered when the generation begins.
enum JoinGroupHandler {
    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(JoinGroupRequest.self, maximumElements: RequestLimits.settings)
        session.answer(
            request.reply, byGroup: body.groupId, .joinGroup(body, session.client(request)),
            response: { if case .joinGroup(let response) = $0 { response } else { nil } },
            failed: { JoinGroupResponse.refusal($0, request.version) })
    }
}
