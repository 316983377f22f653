import Controller
import KafkaProtocol
import KafkaProtocolMore

/// ElectLeaders, versions 0 to 2. 1 the type of election and an error of the whole; 2 flexible.
enum ElectLeadersHandler {
    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(ElectLeadersRequest.self, maximumElements: session.shard.requestLimits.partitions)
        session.decide(request.reply) { controller, _ in controller.electLeaders(body) }
    }
}
