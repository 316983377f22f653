import Bytes
import KafkaProtocol
import KafkaProtocolMore
import Metadata

/// ListConfigResources, versions 0 and 1, flexible. 0 client metrics only; 1 any types, all when none is named.
enum ListConfigResourcesHandler {
    /// Topics, brokers, brokers' loggers, client metrics, groups.
    private static let types: [Int8] = [2, 4, 8, 16, 32]

    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(ListConfigResourcesRequest.self, maximumElements: RequestLimits.settings)
        var response = ListConfigResourcesResponse()
        let wanted: [Int8] = request.version == 0 ? [16] : body.resourceTypes.isEmpty ? types : body.resourceTypes
        if wanted.allSatisfy(types.contains) {
            response.configResources = types.filter(wanted.contains).flatMap { type in
                names(of: type, session.shard).map { name in
                    var row = ListConfigResourcesResponse.ConfigResource()
                    row.resourceName = name
                    row.resourceType = type
                    return row
                }
            }
        } else {
            response.errorCode = ErrorCode.unsupportedVersion.rawValue
        }
        session.answer(request.reply, response)
    }

    private static func names(of type: Int8, _ shard: BrokerShard) -> [String] {
        let image = shard.image
        switch type {
        case 2: return image.topics.all.map(\.name).sorted()
        case 4, 8: return image.brokers.keys.sorted().map(String.init)
        default: return image.configuredResources.filter { $0.kind.rawValue == type }.map(\.name).sorted().map(\.text)
        }
    }
}
