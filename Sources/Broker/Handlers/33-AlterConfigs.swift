import Controller
import KafkaProtocol
import KafkaProtocolMore

/// AlterConfigs, versions 0 to 2; 2 flexible. What is not named goes back to its default.
enum AlterConfigsHandler {
    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(AlterConfigsRequest.self, maximumElements: RequestLimits.settings)
        session.decide(request.reply) { controller, _ in controller.alterConfigs(body) }
    }
}
