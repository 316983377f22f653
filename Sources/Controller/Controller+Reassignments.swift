import Bytes
import KafkaProtocol
import KafkaProtocolMore
import Metadata

extension Controller {
    /// Changes who holds partitions. Replicas do not move between brokers yet, so a partition's list can be brought into
    /// another order and no more; no reassignment is ever under way.
    public func alterPartitionReassignments(
        _ request: AlterPartitionReassignmentsRequest
    ) -> ControllerResult<AlterPartitionReassignmentsResponse> {
        var result = ControllerResult(reply: AlterPartitionReassignmentsResponse())
        result.reply.errorMessage = request.topics.isEmpty ? "" : nil
        result.reply.allowReplicationFactorChange = request.allowReplicationFactorChange
        for topic in request.topics {
            var row = AlterPartitionReassignmentsResponse.ReassignableTopicResponse()
            row.name = topic.name
            for partition in topic.partitions {
                var answer = AlterPartitionReassignmentsResponse.ReassignablePartitionResponse()
                answer.partitionIndex = partition.partitionIndex
                answer.errorMessage = nil
                do throws(ControllerError) {
                    result.records += try reassign(
                        topic.name, partition, mayChangeFactor: request.allowReplicationFactorChange)
                } catch {
                    answer.errorCode = error.code.rawValue
                    answer.errorMessage = error.message
                }
                row.partitions.append(answer)
            }
            result.reply.responses.append(row)
        }
        return result
    }

    private func reassign(
        _ name: String, _ wanted: AlterPartitionReassignmentsRequest.ReassignablePartition, mayChangeFactor: Bool
    ) throws(ControllerError) -> [MetadataRecord] {
        guard let topic = image.topics[name] else {
            throw ControllerError(.unknownTopicOrPartition, "Unable to find a topic named \(name).")
        }
        guard let index = Int(exactly: wanted.partitionIndex), topic.partitions.indices.contains(index) else {
            throw ControllerError(
                .unknownTopicOrPartition, "Unable to find partition \(name):\(wanted.partitionIndex).")
        }
        guard let replicas = wanted.replicas else { throw ControllerError(.noReassignmentInProgress, nil) }
        var state = topic.partitions[index]
        let target = try ReplicaAssignment(replicas, width: nil, image)
        guard mayChangeFactor || replicas.count == state.replicas.count else {
            throw ControllerError(
                .invalidReplicationFactor,
                "The replication factor is changed from \(state.replicas.count) to \(replicas.count)")
        }
        try target.checkLeader(of: wanted.partitionIndex)
        guard Set(replicas) == Set(state.replicas) else {
            throw ControllerError(.invalidReplicaAssignment, "Replicas cannot be moved between brokers.")
        }
        if replicas == state.replicas { return [] }
        let directories = Dictionary(zip(state.replicas, state.directories)) { first, _ in first }
        state.replicas = replicas
        state.directories = replicas.map { directories[$0] ?? .zero }
        state.partitionEpoch &+= 1
        return [.partition(PartitionRecord(topicId: topic.id, partition: wanted.partitionIndex, state: state))]
    }
}
