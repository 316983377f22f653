import KafkaProtocol
import KafkaProtocolMore

/// FindCoordinator, versions 0 to 6. 1 key types and a message; 3 flexible; 4 several keys; 5 TRANSACTION_ABORTABLE;
/// 6 share groups.
///
/// There are no coordinators yet: a group's is never available, and the other kinds are not known. Served all the same
/// since librdkafka takes this API for the sign of a broker that knows LZ4.
enum FindCoordinatorHandler {
    private static let groupType: Int8 = 0

    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(
            FindCoordinatorRequest.self, maximumElements: session.shard.requestLimits.topics)
        let (error, message) =
            body.keyType == groupType
            ? (ErrorCode.coordinatorNotAvailable, "Consumer groups are not served.")
            : (ErrorCode.invalidRequest, "There are no coordinators of this type.")
        var response = FindCoordinatorResponse()
        if request.version < 4 {
            response.errorCode = error.rawValue
            response.errorMessage = message
            response.nodeId = -1
            response.port = -1
        } else {
            response.coordinators = body.coordinatorKeys.map { key in
                var row = FindCoordinatorResponse.Coordinator()
                row.key = key
                row.errorCode = error.rawValue
                row.errorMessage = message
                row.nodeId = -1
                row.port = -1
                return row
            }
        }
        session.answer(request.reply, response)
    }
}
