import Controller
import KafkaProtocol
import KafkaProtocolMore
import Logging

/// IncrementalAlterConfigs, versions 0 and 1; 1 flexible. The levels of loggers are changed too, but not kept.
enum IncrementalAlterConfigsHandler {
    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(IncrementalAlterConfigsRequest.self, maximumElements: RequestLimits.settings)
        session.decide(request.reply) { controller, _ in
            controller.incrementalAlterConfigs(body) { changes throws(ControllerError) in
                try BrokerLoggers(.shared).alter(changes, validateOnly: body.validateOnly)
            }
        }
    }
}
