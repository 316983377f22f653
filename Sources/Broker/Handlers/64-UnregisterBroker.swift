import Controller
import KafkaProtocol
import KafkaProtocolMore

/// UnregisterBroker, version 0, flexible.
enum UnregisterBrokerHandler {
    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(UnregisterBrokerRequest.self)
        session.decide(request.reply) { controller, _ in controller.unregisterBroker(body) }
    }
}
