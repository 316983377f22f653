import GroupCoordinator
import KafkaProtocol
import KafkaProtocolMore

/// LeaveGroup, versions 0 to 5. 1 throttle time; 3 several members at once; 4 flexible; 5 reasons.
enum LeaveGroupHandler {
    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(LeaveGroupRequest.self, maximumElements: RequestLimits.settings)
        session.answer(
            request.reply, byGroup: body.groupId, .leaveGroup(body, session.client(request)),
            response: { if case .leaveGroup(let response) = $0 { response } else { nil } },
            failed: { error in
                var response = LeaveGroupResponse()
                response.errorCode = error.rawValue
                return response
            })
    }
}
