import Bytes
import Collections

/// A record that does not fit what came before it: the journal is damaged, or written by something else.
public struct MetadataReplayError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Reason: Error, Equatable, Sendable {
        /// Records are missing before this one.
        case gap(expected: Int64)
        case unknownTopic(UUID)
        case topicExists(String)
        case partitionOutOfOrder(topic: String, partition: Int32)
        case unknownBroker(Int32)
    }

    public let offset: Int64
    public let reason: Reason

    public var description: String {
        switch reason {
        case .gap(let expected): "metadata record \(offset): record \(expected) should come first"
        case .unknownTopic(let id): "metadata record \(offset): no topic has the id \(id)"
        case .topicExists(let name): "metadata record \(offset): topic \(name) exists already"
        case .partitionOutOfOrder(let topic, let partition):
            "metadata record \(offset): partition \(partition) of \(topic) comes before its predecessor"
        case .unknownBroker(let id): "metadata record \(offset): broker \(id) is not registered in that epoch"
        }
    }
}

/// What records change in an image, and the image that results.
public struct ClusterDelta: Sendable {
    /// The image before.
    public let base: ClusterImage
    /// The image so far.
    public private(set) var image: ClusterImage
    /// Topics that are new or have changed partitions; a topic that was created and removed is in neither set.
    public private(set) var changedTopics: Set<UUID> = []
    /// Topics of `base` that are no longer there, with their names.
    public private(set) var removedTopics: [UUID: String] = [:]
    /// Resources whose settings changed, those of removed topics among them.
    public private(set) var changedConfigurations: Set<ConfigurationResource> = []
    public private(set) var changedBrokers: Set<Int32> = []
    public private(set) var featuresChanged = false
    public private(set) var clientQuotasChanged = false
    /// A copy of the topic whose partitions are being read: in the image it would be copied for each of them.
    private var openTopic: TopicImage?

    public init(base: ClusterImage) {
        self.base = base
        image = base
    }

    /// True if nothing was replayed but records that changed nothing.
    public var isEmpty: Bool {
        changedTopics.isEmpty && removedTopics.isEmpty && changedConfigurations.isEmpty && changedBrokers.isEmpty
            && !featuresChanged && !clientQuotasChanged && image.nextProducerId == base.nextProducerId
    }

    /// Applies one record at its place in the journal.
    public mutating func replay(
        _ record: MetadataRecord, at position: MetadataPosition
    ) throws(MetadataReplayError) {
        try step(record, at: position)
        closeTopic()
    }

    /// Applies the batch that follows.
    public mutating func replay(_ batch: MetadataBatch) throws(MetadataReplayError) {
        let expected = image.position.offset + 1
        guard batch.firstOffset == expected else {
            throw MetadataReplayError(offset: batch.firstOffset, reason: .gap(expected: expected))
        }
        for (index, record) in batch.records.enumerated() {
            let position = MetadataPosition(
                offset: batch.firstOffset + Int64(index), controllerEpoch: batch.controllerEpoch)
            try step(record, at: position)
        }
        closeTopic()
    }

    private mutating func step(
        _ record: MetadataRecord, at position: MetadataPosition
    ) throws(MetadataReplayError) {
        do {
            try apply(record)
        } catch {
            throw MetadataReplayError(offset: position.offset, reason: error)
        }
        image.position = position
    }

    /// Puts the topic whose partitions were being read back into the image.
    private mutating func closeTopic() {
        guard let topic = openTopic else { return }
        openTopic = nil
        image.topics.replace(topic)
        changedTopics.insert(topic.id)
    }

    private mutating func apply(_ record: MetadataRecord) throws(MetadataReplayError.Reason) {
        if case .partition(let record) = record { return try apply(record) }
        closeTopic()
        switch record {
        case .featureLevel(let record):
            image.features[record.name] = record.level == 0 ? nil : record.level
            featuresChanged = true
        case .brokerRegistration(let record):
            image.brokers[record.brokerId] = BrokerImage(registration: record)
            changedBrokers.insert(record.brokerId)
        case .brokerFencing(let record): try apply(record)
        case .brokerUnregistration(let record):
            guard image.brokers[record.brokerId]?.epoch == record.brokerEpoch else {
                throw .unknownBroker(record.brokerId)
            }
            image.brokers[record.brokerId] = nil
            changedBrokers.insert(record.brokerId)
        case .topic(let record): try apply(record)
        case .partition: preconditionFailure("partitions were applied above")
        case .topicRemoval(let record): try apply(record)
        case .leaderEpochRise(let record): raiseLeaderEpochs(of: record.brokerId)
        case .configuration(let record): apply(record)
        case .producerIds(let record): image.nextProducerId = record.nextId
        case .clientQuota(let record): apply(record)
        }
    }

    private mutating func apply(_ record: BrokerFencingRecord) throws(MetadataReplayError.Reason) {
        guard var broker = image.brokers[record.brokerId], broker.epoch == record.brokerEpoch else {
            throw .unknownBroker(record.brokerId)
        }
        broker.registration.isFenced = record.isFenced
        image.brokers[record.brokerId] = broker
        changedBrokers.insert(record.brokerId)
    }

    private mutating func apply(_ record: TopicRecord) throws(MetadataReplayError.Reason) {
        guard image.topics.id(of: record.name) == nil, image.topics[record.id] == nil else {
            throw .topicExists(record.name)
        }
        image.topics.insert(TopicImage(name: record.name, id: record.id, partitions: []))
        changedTopics.insert(record.id)
    }

    private mutating func apply(_ record: PartitionRecord) throws(MetadataReplayError.Reason) {
        if openTopic?.id != record.topicId {
            closeTopic()
            openTopic = image.topics[record.topicId]
        }
        guard let count = openTopic?.partitions.count, let name = openTopic?.name else {
            throw .unknownTopic(record.topicId)
        }
        switch Int(record.partition) {
        case 0..<count: openTopic?.partitions[Int(record.partition)] = record.state
        case count: openTopic?.partitions.append(record.state)
        default: throw .partitionOutOfOrder(topic: name, partition: record.partition)
        }
    }

    private mutating func apply(_ record: TopicRemovalRecord) throws(MetadataReplayError.Reason) {
        guard let topic = image.topics[record.topicId] else { throw .unknownTopic(record.topicId) }
        image.topics.remove(topic)
        changedTopics.remove(topic.id)
        if base.topics[topic.id] != nil { removedTopics[topic.id] = topic.name }
        let resource = ConfigurationResource.topic(topic.name)
        guard image.configurations[resource] != nil else { return }
        image.configurations[resource] = nil
        changedConfigurations.insert(resource)
    }

    private mutating func raiseLeaderEpochs(of brokerId: Int32) {
        for var topic in image.topics.all where topic.partitions.contains(where: { $0.leader == brokerId }) {
            for index in topic.partitions.indices where topic.partitions[index].leader == brokerId {
                topic.partitions[index].leaderEpoch &+= 1
                topic.partitions[index].partitionEpoch &+= 1
            }
            image.topics.replace(topic)
            changedTopics.insert(topic.id)
        }
    }

    private mutating func apply(_ record: ConfigurationRecord) {
        var values = image.configuration(of: record.resource)
        values[record.key] = record.value
        image.configurations[record.resource] = values.isEmpty ? nil : values
        changedConfigurations.insert(record.resource)
    }
}

extension ClusterDelta {
    private mutating func apply(_ record: ClientQuotaRecord) {
        var quotas = image.clientQuotas[record.entity] ?? [:]
        quotas[record.key] = record.value
        image.clientQuotas[record.entity] = quotas.isEmpty ? nil : quotas
        clientQuotasChanged = true
    }

    /// The change from an image to that of a snapshot: what the snapshot does not have was removed.
    public init(
        base: ClusterImage, snapshot: MetadataSnapshot
    ) throws(MetadataReplayError) {
        var fresh = ClusterDelta(base: .empty)
        for record in snapshot.records { try fresh.step(record, at: snapshot.position) }
        fresh.closeTopic()
        fresh.image.position = snapshot.position
        self.init(base: base)
        image = fresh.image
        for topic in base.topics.all where image.topics[topic.id] == nil { removedTopics[topic.id] = topic.name }
        for topic in image.topics.all where base.topics[topic.id] != topic { changedTopics.insert(topic.id) }
        for (resource, values) in base.configurations where image.configurations[resource] != values {
            changedConfigurations.insert(resource)
        }
        for (resource, values) in image.configurations where base.configurations[resource] != values {
            changedConfigurations.insert(resource)
        }
        for id in Set(base.brokers.keys).union(image.brokers.keys) where base.brokers[id] != image.brokers[id] {
            changedBrokers.insert(id)
        }
        featuresChanged = base.features != image.features
        clientQuotasChanged = base.clientQuotas != image.clientQuotas
    }
}
