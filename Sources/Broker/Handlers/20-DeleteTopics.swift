import Controller
import KafkaProtocol
import KafkaProtocolMore

/// DeleteTopics, versions 1 to 6. 4 flexible; 5 error messages; 6 topic ids.
enum DeleteTopicsHandler {
    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(
            DeleteTopicsRequest.self, maximumElements: session.shard.requestLimits.topics)
        let version = request.version
        session.decide(request.reply, within: session.mutationLimit(request, strictFrom: 5)) {
            controller, _, permits in controller.deleteTopics(body, version: version, permits: permits)
        }
    }
}
