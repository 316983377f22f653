import GroupCoordinator
import KafkaProtocol
import KafkaProtocolMore

/// Heartbeat, versions 0 to 4. 1 throttle time; 3 static members; 4 flexible.
enum HeartbeatHandler {
    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(HeartbeatRequest.self)
        session.answer(
            request.reply, byGroup: body.groupId, .heartbeat(body, session.client(request)),
            response: { if case .heartbeat(let response) = $0 { response } else { nil } },
            failed: { error in
                var response = HeartbeatResponse()
                // Members stay calm while their coordinator reads its log.
                if error != .coordinatorLoadInProgress { response.errorCode = error.rawValue }
                return response
            })
    }
}
