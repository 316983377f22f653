import Controller
import KafkaProtocol
import KafkaProtocolMore

/// UpdateFeatures, versions 0 to 2, flexible. 1 types of upgrade and validation; 2 no row per feature in the answer.
enum UpdateFeaturesHandler {
    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(UpdateFeaturesRequest.self, maximumElements: RequestLimits.settings)
        let version = request.version
        session.decide(request.reply) { controller, _ in controller.updateFeatures(body, version: version) }
    }
}
