import Bytes
import Configuration
import KafkaProtocol
import KafkaProtocolMore
import Metadata

extension Controller {
    /// Partitions that one request may create.
    public static let maximumPartitionsPerRequest = 10_000
    /// New topics of which an answer tells all settings; of further ones, which cost a hundred times as much to describe as
    /// to name, it says that it does not.
    static let maximumDescribedTopics = 1_000

    /// Creates topics, each by itself: one that cannot be created does not keep the others from it.
    ///
    /// - Parameter permits: whether the client's quota allows for so many partitions more.
    public func createTopics(
        _ request: CreateTopicsRequest, using generator: inout some RandomNumberGenerator,
        permits: (Int) -> Bool = { _ in true }
    ) -> ControllerResult<CreateTopicsResponse> {
        var creation = TopicCreation(self)
        var response = CreateTopicsResponse()
        let isTooLarge = partitionsWanted(by: request) > Controller.maximumPartitionsPerRequest
        let occurrences = Dictionary(request.topics.map { (Name($0.name), 1) }, uniquingKeysWith: +)
        var answered: Set<Name> = []
        for topic in request.topics where answered.insert(Name(topic.name)).inserted {
            do throws(ControllerError) {
                if isTooLarge {
                    throw ControllerError(.policyViolation, "Excessively large number of partitions per request.")
                }
                if occurrences[Name(topic.name)] != 1 {
                    throw ControllerError(.invalidRequest, "Duplicate topic name.")
                }
                response.topics.append(try creation.create(topic, using: &generator, permits: permits))
            } catch {
                response.topics.append(CreateTopicsResponse.CreatableTopicResult(topic.name, error))
            }
        }
        return ControllerResult(records: request.validateOnly ? [] : creation.records, reply: response)
    }

    /// Creates topics that clients asked for without creating them, with the broker's defaults.
    ///
    /// - Returns: for each name why it was not created, or `none`. Kafka answers the request that caused a creation
    ///   with `unknownTopicOrPartition`, and clients ask again.
    public func autoCreateTopics(
        _ names: [String], using generator: inout some RandomNumberGenerator
    ) -> ControllerResult<[String: ErrorCode]> {
        var request = CreateTopicsRequest()
        request.topics = Set(names).sorted().map { name in
            newTopic(name)
        }
        let result = createTopics(request, using: &generator)
        let codes = result.reply.topics.map { ($0.name, ErrorCode(rawValue: $0.errorCode)) }
        return ControllerResult(records: result.records, reply: Dictionary(codes) { first, _ in first })
    }

    /// What a topic is created with that only its name is known of.
    private func newTopic(_ name: String) -> CreateTopicsRequest.CreatableTopic {
        var topic = CreateTopicsRequest.CreatableTopic()
        topic.name = name
        topic.numPartitions = -1
        topic.replicationFactor = -1
        if let own = configuration.topics.internalTopics[name] {
            topic.numPartitions = own.partitionCount
            topic.replicationFactor = own.replicationFactor ?? Int16(clamping: min(max(image.brokers.count, 1), 3))
            topic.configs = own.settings.sorted { $0.key < $1.key }.map { key, value in
                var config = CreateTopicsRequest.CreatableTopicConfig()
                (config.name, config.value) = (key, value)
                return config
            }
        }
        return topic
    }

    private func partitionsWanted(by request: CreateTopicsRequest) -> Int {
        request.topics.reduce(0) { sum, topic in
            if !topic.assignments.isEmpty { return sum + topic.assignments.count }
            let count = topic.numPartitions == -1 ? configuration.topics.partitionCount : topic.numPartitions
            return sum + max(Int(count), 0)
        }
    }
}

extension CreateTopicsResponse.CreatableTopicResult {
    fileprivate init(_ name: String, _ error: ControllerError) {
        self.init()
        self.name = name
        errorCode = error.code.rawValue
        errorMessage = error.message
    }
}

/// Creates the topics of one request and gathers their records.
private struct TopicCreation {
    private(set) var records: [MetadataRecord] = []
    private var createdCount = 0
    private let image: ClusterImage
    private let defaults: BrokerConfiguration.Topics
    private let settings: TopicSettings
    private let placement: ReplicaPlacement
    /// What the new names look like, by `TopicsImage.lookalikeKey`.
    private var newNames: [String: String] = [:]

    init(_ controller: Controller) {
        image = controller.image
        defaults = controller.configuration.topics
        settings = controller.topicSettings
        placement = ReplicaPlacement(controller.image.brokers.values)
    }

    mutating func create(
        _ topic: CreateTopicsRequest.CreatableTopic, using generator: inout some RandomNumberGenerator,
        permits: (Int) -> Bool
    ) throws(ControllerError) -> CreateTopicsResponse.CreatableTopicResult {
        try checkName(topic.name)
        let overrides = try checkSettings(topic.configs)
        let assignments = try assignments(of: topic, using: &generator)
        guard permits(assignments.count) else { throw .overQuota }
        let id = UUID.random(using: &generator)
        append(topic.name, id, overrides, assignments)

        var result = CreateTopicsResponse.CreatableTopicResult()
        result.name = topic.name
        result.topicId = id
        result.errorMessage = nil
        result.numPartitions = Int32(clamping: assignments.count)
        result.replicationFactor = Int16(clamping: assignments.first?.count ?? 0)
        createdCount += 1
        if createdCount <= Controller.maximumDescribedTopics {
            result.configs = describe(overrides)
        } else {
            result.configs = nil
            result.topicConfigErrorCode = ErrorCode.policyViolation.rawValue
        }
        return result
    }

    private mutating func checkName(_ name: String) throws(ControllerError) {
        if name == TopicName.clusterMetadata {
            throw ControllerError(.invalidRequest, "Creation of internal topic \(name) is prohibited.")
        }
        if let problem = TopicName.problem(with: name) { throw ControllerError(.invalidTopicException, problem) }
        if image.topics.id(of: name) != nil {
            throw ControllerError(.topicAlreadyExists, "Topic '\(name)' already exists.")
        }
        let key = TopicsImage.lookalikeKey(name)
        if let other = image.topics.lookalike(of: name) ?? key.flatMap({ newNames[$0] }) {
            throw ControllerError(
                .invalidTopicException, "Topic '\(name)' collides with existing topic: \(other)")
        }
    }

    /// The settings by key; the last one of a key counts.
    private func checkSettings(
        _ configs: [CreateTopicsRequest.CreatableTopicConfig]
    ) throws(ControllerError) -> [String: String] {
        do {
            try settings.check(configs.map { ($0.name, $0.value) })
        } catch {
            throw ControllerError(.invalidConfig, error.message)
        }
        var overrides: [String: String] = [:]
        for config in configs { overrides[config.name] = config.value }
        return overrides
    }

    private func assignments(
        of topic: CreateTopicsRequest.CreatableTopic, using generator: inout some RandomNumberGenerator
    ) throws(ControllerError) -> [[Int32]] {
        if !topic.assignments.isEmpty { return try manualAssignments(of: topic) }
        guard topic.replicationFactor > 0 || topic.replicationFactor == -1 else {
            throw ControllerError(
                .invalidReplicationFactor,
                "Replication factor must be larger than 0, or -1 to use the default value.")
        }
        guard topic.numPartitions > 0 || topic.numPartitions == -1 else {
            throw ControllerError(
                .invalidPartitions, "Number of partitions was set to an invalid non-positive value.")
        }
        let partitions = topic.numPartitions == -1 ? defaults.partitionCount : topic.numPartitions
        let factor = topic.replicationFactor == -1 ? defaults.replicationFactor : topic.replicationFactor
        return try placement.place(
            partitions: Int(partitions), replicationFactor: Int(factor), using: &generator)
    }

    private func manualAssignments(
        of topic: CreateTopicsRequest.CreatableTopic
    ) throws(ControllerError) -> [[Int32]] {
        guard topic.replicationFactor == -1 else {
            throw ControllerError(
                .invalidRequest,
                "A manual partition assignment was specified, but replication factor was not set to -1.")
        }
        guard topic.numPartitions == -1 else {
            throw ControllerError(
                .invalidRequest, "A manual partition assignment was specified, but numPartitions was not set to -1.")
        }
        var assignments: [Int32: [Int32]] = [:]
        var width: Int?
        for assignment in topic.assignments {
            guard assignments[assignment.partitionIndex] == nil else {
                throw ControllerError(
                    .invalidReplicaAssignment,
                    "Found multiple manual partition assignments for partition \(assignment.partitionIndex)")
            }
            try ReplicaAssignment(assignment.brokerIds, width: width, image).checkLeader(of: assignment.partitionIndex)
            width = assignment.brokerIds.count
            assignments[assignment.partitionIndex] = assignment.brokerIds
        }
        let inOrder = (0..<Int32(assignments.count)).compactMap { assignments[$0] }
        guard inOrder.count == assignments.count else {
            throw ControllerError(
                .invalidReplicaAssignment, "partitions should be a consecutive 0-based integer sequence")
        }
        return inOrder
    }

    private mutating func append(
        _ name: String, _ id: UUID, _ overrides: [String: String], _ assignments: [[Int32]]
    ) {
        if let key = TopicsImage.lookalikeKey(name) { newNames[key] = name }
        records.append(.topic(TopicRecord(name: name, id: id)))
        for (key, value) in overrides.sorted(by: { $0.key < $1.key }) {
            records.append(.configuration(ConfigurationRecord(resource: .topic(name), key: key, value: value)))
        }
        for (partition, replicas) in assignments.enumerated() {
            records.append(
                .partition(
                    PartitionRecord(
                        topicId: id, partition: Int32(clamping: partition), state: image.newPartition(replicas))))
        }
    }

    private func describe(_ overrides: [String: String]) -> [CreateTopicsResponse.CreatableTopicConfigs] {
        TopicKey.allCases.map { key in
            let effective = settings.effective(key, topic: overrides)
            var config = CreateTopicsResponse.CreatableTopicConfigs()
            config.name = key.name
            config.value = effective.text
            config.configSource = effective.source.rawValue
            return config
        }
    }
}
