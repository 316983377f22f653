import Bytes
import KafkaProtocol
import KafkaProtocolMore
import Metadata

extension Controller {
    /// Adds partitions to topics, to each by itself.
    ///
    /// - Parameter permits: whether the client's quota allows for so many partitions more.
    public func createPartitions(
        _ request: CreatePartitionsRequest, using generator: inout some RandomNumberGenerator,
        permits: (Int) -> Bool = { _ in true }
    ) -> ControllerResult<CreatePartitionsResponse> {
        var result = ControllerResult(reply: CreatePartitionsResponse())
        let occurrences = Dictionary(request.topics.map { (Name($0.name), 1) }, uniquingKeysWith: +)
        var answered: Set<Name> = []
        var remaining = Controller.maximumPartitionsPerRequest
        for topic in request.topics where answered.insert(Name(topic.name)).inserted {
            do throws(ControllerError) {
                if occurrences[Name(topic.name)] != 1 {
                    throw ControllerError(.invalidRequest, "Duplicate topic name.")
                }
                let records = try addPartitions(topic, atMost: remaining, using: &generator)
                guard permits(records.count) else { throw ControllerError.overQuota }
                remaining -= records.count
                result.records += records
                result.reply.results.append(.init(topic.name, nil))
            } catch {
                result.reply.results.append(.init(topic.name, error))
            }
        }
        if request.validateOnly { result.records = [] }
        return result
    }

    private func addPartitions(
        _ wanted: CreatePartitionsRequest.CreatePartitionsTopic, atMost limit: Int,
        using generator: inout some RandomNumberGenerator
    ) throws(ControllerError) -> [MetadataRecord] {
        guard let topic = image.topics[wanted.name] else {
            throw ControllerError(.unknownTopicOrPartition, nil)
        }
        let (count, present) = (Int(wanted.count), topic.partitions.count)
        if count == present { throw ControllerError(.invalidPartitions, "Topic already has \(present) partition(s).") }
        if count < present {
            throw ControllerError(
                .invalidPartitions,
                "The topic \(topic.name) currently has \(present) partition(s); \(count) would not be an increase.")
        }
        guard count - present <= limit else {
            throw ControllerError(.policyViolation, "Excessively large number of partitions per request.")
        }
        let width = topic.partitions.first?.replicas.count ?? 1
        let assignments: [[Int32]]
        if let manual = try manualAssignments(wanted, adding: count - present, width: width, from: present) {
            assignments = manual
        } else {
            assignments = try ReplicaPlacement(image.brokers.values).place(
                partitions: count - present, replicationFactor: width, using: &generator)
        }
        return assignments.enumerated().map { index, replicas in
            let partition = Int32(clamping: present + index)
            return .partition(
                PartitionRecord(topicId: topic.id, partition: partition, state: image.newPartition(replicas)))
        }
    }

    /// The replicas that the request names for each new partition; nil when it names none.
    private func manualAssignments(
        _ wanted: CreatePartitionsRequest.CreatePartitionsTopic, adding count: Int, width: Int, from first: Int
    ) throws(ControllerError) -> [[Int32]]? {
        guard let assignments = wanted.assignments else { return nil }
        guard assignments.count == count else {
            throw ControllerError(
                .invalidReplicaAssignment,
                "Attempted to add \(count) additional partition(s), but only \(assignments.count) assignment(s) were "
                    + "specified.")
        }
        var replicas: [[Int32]] = []
        for (index, assignment) in assignments.enumerated() {
            let assignment = try ReplicaAssignment(assignment.brokerIds, width: width, image)
            try assignment.checkLeader(of: Int32(clamping: first + index))
            replicas.append(assignment.brokerIds)
        }
        return replicas
    }
}

extension CreatePartitionsResponse.CreatePartitionsTopicResult {
    fileprivate init(_ name: String, _ error: ControllerError?) {
        self.init()
        self.name = name
        errorCode = error?.code.rawValue ?? ErrorCode.none.rawValue
        errorMessage = error?.message
    }
}
