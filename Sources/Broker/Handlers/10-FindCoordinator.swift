import GroupCoordinator
import KafkaProtocol
import KafkaProtocolMore
import Metadata

/// FindCoordinator, versions 0 to 6. 1 key types and a message; 3 flexible; 4 several keys; 5 TRANSACTION_ABORTABLE;
/// 6 share groups.
///
/// The first look for a group's coordinator creates the topic that groups live in. Of transactions and share groups there are
/// no coordinators yet.
enum FindCoordinatorHandler {
    private static let groupType: Int8 = 0
    private static let shareType: Int8 = 2

    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(
            FindCoordinatorRequest.self, maximumElements: session.shard.requestLimits.topics)
        var response = FindCoordinatorResponse()
        if request.version < 4 {
            let row = find(body.key, body.keyType, request.version, session)
            response.errorCode = row.errorCode
            response.errorMessage = row.errorCode == 0 ? "NONE" : row.errorMessage
            response.nodeId = row.nodeId
            response.host = row.host
            response.port = row.port
        } else {
            response.coordinators = body.coordinatorKeys.map { find($0, body.keyType, request.version, session) }
        }
        session.answer(request.reply, response)
    }

    private static func find(
        _ key: String, _ type: Int8, _ version: Int16, _ session: ClientSession
    ) -> FindCoordinatorResponse.Coordinator {
        guard type == groupType else {
            // In these versions Kafka says nothing about a type that came with a later one.
            let isLater = type == shareType && (version == 4 || version == 5)
            return row(key, .invalidRequest, isLater ? "" : "There are no coordinators of this type.")
        }
        let shard = session.shard
        guard let entry = shard.topics[GroupsTopic.name], !shard.autoCreating.contains(GroupsTopic.name) else {
            shard.create(GroupsTopic.name)
            return row(key, .coordinatorNotAvailable, "The topic of the groups is being created.")
        }
        let leader = entry.route(GroupsTopic.partition(of: key, count: entry.partitions.count))?.leader
        guard let broker = shard.image.brokers(on: session.listener.name).first(where: { $0.id == leader }) else {
            return row(key, .coordinatorNotAvailable, "The coordinator of this group is not available.")
        }
        var found = FindCoordinatorResponse.Coordinator()
        found.key = key
        found.nodeId = broker.id
        found.host = broker.host
        found.port = Int32(broker.port)
        return found
    }

    private static func row(
        _ key: String, _ error: ErrorCode, _ message: String
    ) -> FindCoordinatorResponse.Coordinator {
        var row = FindCoordinatorResponse.Coordinator()
        row.key = key
        row.errorCode = error.rawValue
        row.errorMessage = message
        row.nodeId = -1
        row.port = -1
        return row
    }
}
