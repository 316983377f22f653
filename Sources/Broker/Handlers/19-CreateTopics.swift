import Controller
import KafkaProtocol
import KafkaProtocolMore

/// CreateTopics, versions 2 to 7. 4 the broker's defaults for -1; 5 flexible, the topic's configuration in the answer;
/// 6 quota errors; 7 topic ids.
enum CreateTopicsHandler {
    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(CreateTopicsRequest.self, maximumElements: RequestLimits.newTopics)
        session.decide(request.reply, within: session.mutationLimit(request, strictFrom: 6)) {
            controller, random, permits in controller.createTopics(body, using: &random, permits: permits)
        }
    }
}
