import Controller
import KafkaProtocol
import KafkaProtocolMore

/// AlterClientQuotas, versions 0 and 1; 1 flexible.
enum AlterClientQuotasHandler {
    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(AlterClientQuotasRequest.self, maximumElements: RequestLimits.settings)
        session.decide(request.reply) { controller, _ in controller.alterClientQuotas(body) }
    }
}
