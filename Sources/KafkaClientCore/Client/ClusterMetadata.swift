import Bytes
import KafkaProtocol

/// What is known of a cluster: its brokers, topics and who leads which partition.
public struct ClusterMetadata: Sendable {
    public struct Broker: Sendable, Equatable {
        public let nodeId: Int32
        public let endpoint: BrokerEndpoint
        public let rack: String?
    }

    public struct Partition: Sendable, Equatable {
        public let index: Int32
        /// Nil while there is none.
        public var leader: Int32?
        public var leaderEpoch: Int32
        public var replicas: [Int32]
        public var inSyncReplicas: [Int32]
        public var offlineReplicas: [Int32]
        public var errorCode: Int16
    }

    public struct Topic: Sendable, Equatable {
        public let name: String
        /// Zero from brokers that have no topic ids.
        public let id: UUID
        public let isInternal: Bool
        /// By index.
        public var partitions: [Partition]
    }

    public private(set) var clusterId: String?
    /// The broker to send administration to; any can take it.
    public private(set) var controllerId: Int32?
    public private(set) var brokers: [Int32: Broker] = [:]
    public private(set) var topics: [String: Topic] = [:]
    /// Why a topic that was asked for is not known.
    public private(set) var topicErrors: [String: ErrorCode] = [:]
    private var names: [UUID: String] = [:]
    /// Responses that were taken in.
    private(set) var responseCount = 0
    /// The last of them that spoke of a topic, whether or not it knew it.
    private var lastResponses: [String: Int] = [:]

    public init() {}

    /// The name of a topic by its id.
    public func topicName(_ id: UUID) -> String? { names[id] }

    /// Whether a response spoke of a topic after there had been `count` of them.
    func hasSpoken(of topic: String, since count: Int) -> Bool { lastResponses[topic, default: 0] > count }

    public func partition(_ partition: TopicPartition) -> Partition? {
        guard let partitions = topics[partition.topic]?.partitions else { return nil }
        return partitions.first { $0.index == partition.partition }
    }

    /// The leader of a partition, if it and its address are known.
    public func leader(of partition: TopicPartition) -> Broker? {
        self.partition(partition)?.leader.flatMap { brokers[$0] }
    }

    /// Takes in a response. Topics that it does not mention stay as they are.
    mutating func update(with response: MetadataResponse) {
        responseCount += 1
        clusterId = response.clusterId ?? clusterId
        controllerId = response.controllerId >= 0 ? response.controllerId : nil
        brokers = [:]
        for broker in response.brokers {
            guard let port = UInt16(exactly: broker.port), !broker.host.isEmpty else { continue }
            brokers[broker.nodeId] = Broker(
                nodeId: broker.nodeId, endpoint: BrokerEndpoint(host: broker.host, port: port), rack: broker.rack)
        }
        for topic in response.topics {
            guard let name = topic.name else { continue }
            lastResponses[name] = responseCount
            update(name, with: topic)
        }
    }

    private mutating func update(_ name: String, with topic: MetadataResponse.MetadataResponseTopic) {
        let known = topics[name]
        guard topic.errorCode == 0 else {
            let error = ErrorCode(rawValue: topic.errorCode)
            topicErrors[name] = error
            if error == .unknownTopicOrPartition, let known {
                topics[name] = nil
                names[known.id] = nil
            }
            return
        }
        topicErrors[name] = nil
        if let known, known.id != topic.topicId { names[known.id] = nil }
        if !topic.topicId.isZero { names[topic.topicId] = name }
        // A broker that lags behind may answer with a leader of the past; epochs tell, within one topic id.
        let isSameTopic = known.map { $0.id == topic.topicId } ?? false
        let partitions = topic.partitions.map { partition in
            let fresh = Partition(partition)
            let earlier = isSameTopic ? known?.partitions.first { $0.index == fresh.index } : nil
            if let earlier, fresh.leaderEpoch >= 0, fresh.leaderEpoch < earlier.leaderEpoch { return earlier }
            return fresh
        }
        topics[name] = Topic(
            name: name, id: topic.topicId, isInternal: topic.isInternal,
            partitions: partitions.sorted { $0.index < $1.index })
    }

    /// Takes in a new leader that a produce or fetch response named (KIP-951).
    ///
    /// - Returns: whether it is news.
    mutating func update(_ partition: TopicPartition, leader: Int32, leaderEpoch: Int32) -> Bool {
        guard leader >= 0,
            let index = topics[partition.topic]?.partitions.firstIndex(where: { $0.index == partition.partition }),
            let known = topics[partition.topic]?.partitions[index], leaderEpoch > known.leaderEpoch
        else { return false }
        topics[partition.topic]?.partitions[index].leader = leader
        topics[partition.topic]?.partitions[index].leaderEpoch = leaderEpoch
        return true
    }

    /// Forgets a topic, after it was deleted for instance.
    mutating func forget(topic name: String) {
        if let known = topics.removeValue(forKey: name) { names[known.id] = nil }
        topicErrors[name] = nil
        lastResponses[name] = nil
    }
}

extension ClusterMetadata.Partition {
    init(_ partition: MetadataResponse.MetadataResponsePartition) {
        index = partition.partitionIndex
        leader = partition.leaderId >= 0 ? partition.leaderId : nil
        leaderEpoch = partition.leaderEpoch
        replicas = partition.replicaNodes
        inSyncReplicas = partition.isrNodes
        offlineReplicas = partition.offlineReplicas
        errorCode = partition.errorCode
    }
}
