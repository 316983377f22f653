import Controller
import KafkaProtocol
import KafkaProtocolMore

/// AlterPartitionReassignments, versions 0 and 1, flexible. 1 whether the number of replicas may change.
enum AlterPartitionReassignmentsHandler {
    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(
            AlterPartitionReassignmentsRequest.self, maximumElements: session.shard.requestLimits.partitions)
        session.decide(request.reply) { controller, _ in controller.alterPartitionReassignments(body) }
    }
}
