import KafkaProtocol
import KafkaProtocolMore
import Metadata

extension Controller {
    private enum ElectionType: Int8 {
        case preferred = 0
        case unclean = 1
    }

    /// Has partitions led by their preferred replica, or by any that is left. Without a list every partition is meant, and
    /// only those are answered that something was done about.
    public func electLeaders(_ request: ElectLeadersRequest) -> ControllerResult<ElectLeadersResponse> {
        var result = ControllerResult(reply: ElectLeadersResponse())
        guard let type = ElectionType(rawValue: request.electionType) else {
            let error = ControllerError(.invalidRequest, "Unknown election type \(request.electionType)")
            let isEmpty = request.topicPartitions?.isEmpty == true
            result.reply.errorCode = isEmpty ? ErrorCode.none.rawValue : error.code.rawValue
            result.reply.replicaElectionResults = (request.topicPartitions ?? []).map { topic in
                .init(topic.topic, topic.partitions.map { .init($0, error) })
            }
            return result
        }
        if let topics = request.topicPartitions {
            for topic in topics {
                let rows = topic.partitions.map { partition in
                    ElectLeadersResponse.PartitionResult(
                        partition, elect(type, topic.topic, partition, &result.records))
                }
                result.reply.replicaElectionResults.append(.init(topic.topic, rows))
            }
            return result
        }
        for topic in image.topics.all.sorted(by: { $0.name < $1.name }) {
            let rows = topic.partitions.indices.compactMap { index -> ElectLeadersResponse.PartitionResult? in
                let partition = Int32(clamping: index)
                let error = elect(type, topic.name, partition, &result.records)
                return error?.code == .electionNotNeeded ? nil : .init(partition, error)
            }
            if !rows.isEmpty { result.reply.replicaElectionResults.append(.init(topic.name, rows)) }
        }
        return result
    }

    /// Why there was no election; nil when there was one.
    private func elect(
        _ type: ElectionType, _ name: String, _ partition: Int32, _ records: inout [MetadataRecord]
    ) -> ControllerError? {
        guard let topic = image.topics[name] else {
            return ControllerError(.unknownTopicOrPartition, "No such topic as \(name)")
        }
        guard let index = Int(exactly: partition), topic.partitions.indices.contains(index) else {
            return ControllerError(.unknownTopicOrPartition, "No such partition as \(name)-\(partition)")
        }
        var state = topic.partitions[index]
        let notNeeded = ControllerError(.electionNotNeeded, "Leader election not needed for topic partition.")
        switch type {
        case .preferred:
            guard let preferred = state.replicas.first, state.leader != preferred else { return notNeeded }
            guard state.inSyncReplicas.contains(preferred), image.isActive(preferred) else {
                return ControllerError(
                    .preferredLeaderNotAvailable, "The preferred leader was not available.")
            }
            state.leader = preferred
        case .unclean:
            guard state.leader == -1 else { return notNeeded }
            guard let replica = state.replicas.first(where: image.isActive) else {
                return ControllerError(
                    .eligibleLeadersNotAvailable, "Eligible topic partition leaders are not available.")
            }
            if !state.inSyncReplicas.contains(replica) { state.inSyncReplicas = [replica] }
            state.leader = replica
        }
        state.leaderEpoch &+= 1
        state.partitionEpoch &+= 1
        records.append(.partition(PartitionRecord(topicId: topic.id, partition: partition, state: state)))
        return nil
    }
}

extension ElectLeadersResponse.ReplicaElectionResult {
    fileprivate init(_ topic: String, _ rows: [ElectLeadersResponse.PartitionResult]) {
        self.init()
        self.topic = topic
        partitionResult = rows
    }
}

extension ElectLeadersResponse.PartitionResult {
    fileprivate init(_ partition: Int32, _ error: ControllerError?) {
        self.init()
        partitionId = partition
        errorCode = error?.code.rawValue ?? ErrorCode.none.rawValue
        errorMessage = error?.message
    }
}
