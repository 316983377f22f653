import Controller
import KafkaProtocol
import KafkaProtocolMore

/// CreatePartitions, versions 0 to 3. 2 flexible; 3 quota errors.
enum CreatePartitionsHandler {
    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(CreatePartitionsRequest.self, maximumElements: RequestLimits.newTopics)
        session.decide(request.reply, within: session.mutationLimit(request, strictFrom: 3)) {
            controller, random, permits in controller.createPartitions(body, using: &random, permits: permits)
        }
    }
}
