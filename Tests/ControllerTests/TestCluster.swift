import Bytes
import Configuration
import KafkaProtocol
import KafkaProtocolMore
import Metadata

@testable import Controller

/// A controller whose decisions take effect at once.
struct TestCluster {
    var controller: Controller
    var random = SeededGenerator(seed: 7)

    /// - Parameter brokers: how many are registered, from id 1 on.
    init(brokers: Int32 = 1, settings: [(String, String)] = []) throws {
        var input = ConfigurationInput()
        input.arguments = settings.map { ConfigurationInput.Argument(key: $0.0, value: $0.1) }
        controller = Controller(configuration: try BrokerConfiguration(input))
        try take(controller.bootstrap().records)
        for id in 0..<brokers { try register(id + 1) }
    }

    mutating func register(_ id: Int32, logDirectories: [UUID] = [UUID(high: 1, low: 1)]) throws {
        let registration = BrokerRegistration(
            brokerId: id, incarnationId: UUID(high: 0, low: 9),
            endpoints: [BrokerEndpoint(listener: "PLAINTEXT", host: "localhost", port: 9092, securityProtocol: 0)],
            logDirectories: logDirectories)
        try take(controller.registerBroker(registration).records)
    }

    mutating func take(_ records: [MetadataRecord]) throws {
        guard !records.isEmpty else { return }
        var delta = ClusterDelta(base: controller.image)
        try delta.replay(
            MetadataBatch(
                firstOffset: controller.image.position.offset + 1, controllerEpoch: 1, time: 0, records: records))
        controller.image = delta.image
    }

    mutating func create(
        _ topics: [CreateTopicsRequest.CreatableTopic], validateOnly: Bool = false
    ) throws -> [CreateTopicsResponse.CreatableTopicResult] {
        var request = CreateTopicsRequest()
        request.topics = topics
        request.validateOnly = validateOnly
        let result = controller.createTopics(request, using: &random)
        try take(result.records)
        return result.reply.topics
    }

    mutating func delete(
        _ topics: [DeleteTopicsRequest.DeleteTopicState]
    ) throws -> [DeleteTopicsResponse.DeletableTopicResult] {
        var request = DeleteTopicsRequest()
        request.topics = topics
        let result = controller.deleteTopics(request, version: 6)
        try take(result.records)
        return result.reply.responses
    }
}

func topic(
    _ name: String, partitions: Int32 = 1, replicas: Int16 = 1, configs: [(String, String?)] = [],
    assignments: [(Int32, [Int32])] = []
) -> CreateTopicsRequest.CreatableTopic {
    var topic = CreateTopicsRequest.CreatableTopic()
    topic.name = name
    topic.numPartitions = partitions
    topic.replicationFactor = replicas
    topic.configs = configs.map { key, value in
        var config = CreateTopicsRequest.CreatableTopicConfig()
        config.name = key
        config.value = value
        return config
    }
    topic.assignments = assignments.map { partition, brokers in
        var assignment = CreateTopicsRequest.CreatableReplicaAssignment()
        assignment.partitionIndex = partition
        assignment.brokerIds = brokers
        return assignment
    }
    return topic
}

func deletion(_ name: String? = nil, id: UUID = .zero) -> DeleteTopicsRequest.DeleteTopicState {
    var row = DeleteTopicsRequest.DeleteTopicState()
    row.name = name
    row.topicId = id
    return row
}
