import KafkaProtocol
import KafkaProtocolMore

/// DescribeCluster, versions 0 to 2. 1 the type of endpoint; 2 fenced brokers.
enum DescribeClusterHandler {
    private static let brokers: Int8 = 1
    private static let controllers: Int8 = 2

    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(DescribeClusterRequest.self)
        let shard = session.shard
        var response = DescribeClusterResponse()
        switch body.endpointType {
        case brokers: break
        case controllers:
            response.errorCode = ErrorCode.mismatchedEndpointType.rawValue
            response.errorMessage = "this endpoint is one of a broker, not of a controller"
            return session.answer(request.reply, response)
        default:
            response.errorCode = ErrorCode.unsupportedEndpointType.rawValue
            response.errorMessage = "there is no endpoint type \(body.endpointType)"
            return session.answer(request.reply, response)
        }
        response.clusterId = shard.context.clusterID
        response.controllerId = shard.context.nodeID
        response.brokers = shard.image.brokers(on: session.listener.name).map(
            DescribeClusterResponse.DescribeClusterBroker.init)
        if body.includeClusterAuthorizedOperations {
            response.clusterAuthorizedOperations = AuthorizedOperations.cluster
        }
        session.answer(request.reply, response)
    }
}
