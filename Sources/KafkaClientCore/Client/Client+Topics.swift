import Bytes
import KafkaProtocol
import KafkaProtocolMore
import Runtime

/// A topic to be created.
public struct NewTopic: Sendable {
    public var name: String
    /// Nil leaves it to the broker.
    public var partitionCount: Int32?
    /// Nil leaves it to the broker.
    public var replicationFactor: Int16?
    /// Keys and values as Kafka names them: `retention.ms`.
    public var configuration: [(key: String, value: String)]

    public init(
        name: String, partitionCount: Int32? = nil, replicationFactor: Int16? = nil,
        configuration: [(key: String, value: String)] = []
    ) {
        self.name = name
        self.partitionCount = partitionCount
        self.replicationFactor = replicationFactor
        self.configuration = configuration
    }
}

/// A topic that was created.
public struct CreatedTopic: Sendable, Equatable {
    public let name: String
    public let id: UUID
    public let partitionCount: Int32
    public let replicationFactor: Int16
}

extension Client {
    /// Creates topics. Each is reported by itself, in the order given: one may fail while others are created.
    ///
    /// - Parameter validateOnly: only says what would happen.
    public func createTopics(
        _ topics: [NewTopic], validateOnly: Bool = false,
        completion: @escaping ([(name: String, result: Result<CreatedTopic, ClientError>)]) -> Void
    ) {
        var request = CreateTopicsRequest()
        request.timeoutMs = Int32(clamping: configuration.requestTimeout.milliseconds)
        request.validateOnly = validateOnly
        request.topics = topics.map(CreateTopicsRequest.CreatableTopic.init)
        send(request, to: .controller, refusal: { retriableError($0.topics.map(\.errorCode)) }) { result in
            completion(
                topics.map { topic in
                    let answer = result.flatMap { response -> Result<CreatedTopic, ClientError> in
                        guard let found = response.topics.first(where: { $0.name == topic.name }) else {
                            return .failure(.leftOut(topic.name))
                        }
                        return found.result
                    }
                    return (topic.name, answer)
                })
        }
    }

    /// Deletes topics. Each is reported by itself, in the order given.
    public func deleteTopics(
        _ names: [String], completion: @escaping ([(name: String, result: Result<Void, ClientError>)]) -> Void
    ) {
        var request = DeleteTopicsRequest()
        request.timeoutMs = Int32(clamping: configuration.requestTimeout.milliseconds)
        send(
            request, to: .controller,
            adapt: { (request, version) in
                if version >= 6 {
                    request.topics = names.map(DeleteTopicsRequest.DeleteTopicState.init(name:))
                } else {
                    request.topicNames = names
                }
            },
            refusal: { retriableError($0.responses.map(\.errorCode)) }
        ) { [weak self] result in
            completion(
                names.map { name in
                    let answer = result.flatMap { response -> Result<Void, ClientError> in
                        guard let found = response.responses.first(where: { $0.name == name }) else {
                            return .failure(.leftOut(name))
                        }
                        guard found.errorCode == 0 else {
                            // The broker speaks of a partition it does not host, where nobody named one.
                            let isUnknown = found.errorCode == ErrorCode.unknownTopicOrPartition.rawValue
                            return .failure(
                                ClientError(
                                    found.errorCode, isUnknown ? nil : found.errorMessage,
                                    doing: "deleting topic \(name)"))
                        }
                        self?.forget(topic: name)
                        return .success(())
                    }
                    return (name, answer)
                })
        }
    }

    /// Describes the cluster and its topics: those named, or all. Nothing is created by asking.
    ///
    /// - Parameter completion: gets a picture that holds what was asked for; `topicErrors` says what is not there.
    public func describeCluster(
        topics names: [String]? = nil, completion: @escaping (Result<ClusterMetadata, ClientError>) -> Void
    ) {
        var request = MetadataRequest()
        request.allowAutoTopicCreation = false
        request.topics = names.map { $0.map(MetadataRequest.MetadataRequestTopic.init(name:)) }
        send(request, refusal: { ErrorCode(rawValue: $0.errorCode) }) { [weak self] result in
            completion(
                result.map { response in
                    var picture = ClusterMetadata()
                    picture.update(with: response)
                    self?.learn(response)
                    return picture
                })
        }
    }
}

/// The first error that is worth another attempt of the whole request, when nothing in it succeeded.
private func retriableError(_ codes: [Int16]) -> ErrorCode {
    let errors = codes.map { ErrorCode(rawValue: $0).retriedByAdministration }
    return errors.contains(.none) ? .none : errors.first ?? .none
}

extension CreateTopicsRequest.CreatableTopic {
    init(_ topic: NewTopic) {
        self.init()
        name = topic.name
        numPartitions = topic.partitionCount ?? -1
        replicationFactor = topic.replicationFactor ?? -1
        configs = topic.configuration.map { entry in
            var config = CreateTopicsRequest.CreatableTopicConfig()
            config.name = entry.key
            config.value = entry.value
            return config
        }
    }
}

extension DeleteTopicsRequest.DeleteTopicState {
    init(name: String) {
        self.init()
        self.name = name
    }
}

extension CreateTopicsResponse.CreatableTopicResult {
    var result: Result<CreatedTopic, ClientError> {
        guard errorCode == 0 else {
            return .failure(ClientError(errorCode, errorMessage, doing: "creating topic \(name)"))
        }
        return .success(
            CreatedTopic(
                name: name, id: topicId, partitionCount: numPartitions, replicationFactor: replicationFactor))
    }
}
