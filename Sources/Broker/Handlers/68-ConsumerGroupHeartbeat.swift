import GroupCoordinator
import KafkaProtocol
import KafkaProtocolMore

/// ConsumerGroupHeartbeat, versions 0 and 1. 1 regular expressions, and member ids that the members make (KIP-848, KIP-1082).
enum ConsumerGroupHeartbeatHandler {
    static func handle(_ request: Request, _ session: ClientSession) throws {
        // What a member owns, and what it subscribes to, of which nothing need exist.
        let limits = session.shard.requestLimits
        let body = try request.decode(
            ConsumerGroupHeartbeatRequest.self, maximumElements: limits.partitions + limits.topics)
        session.answer(
            request.reply, byGroup: body.groupId, .consumerGroupHeartbeat(body, session.client(request)),
            response: { if case .consumerGroupHeartbeat(let response) = $0 { response } else { nil } },
            failed: { error in
                var response = ConsumerGroupHeartbeatResponse()
                response.errorCode = error.rawValue
                return response
            })
    }
}
