import KafkaProtocol
import KafkaProtocolMore

/// ListPartitionReassignments, version 0, flexible. No reassignment takes any time, so none is ever under way.
enum ListPartitionReassignmentsHandler {
    static func handle(_ request: Request, _ session: ClientSession) throws {
        _ = try request.decode(
            ListPartitionReassignmentsRequest.self, maximumElements: session.shard.requestLimits.partitions)
        var response = ListPartitionReassignmentsResponse()
        response.errorMessage = nil
        session.answer(request.reply, response)
    }
}
