import Bytes
import Collections
import Configuration

/// A broker as it registered, and whether it is used.
public struct BrokerImage: Sendable, Equatable {
    public internal(set) var registration: BrokerRegistrationRecord

    public var id: Int32 { registration.brokerId }
    public var epoch: Int64 { registration.brokerEpoch }
    public var isFenced: Bool { registration.isFenced }

    /// Where the listener of that name is reached; nil when the broker has none.
    public func endpoint(_ listener: String) -> BrokerEndpoint? {
        registration.endpoints.first { $0.listener == listener }
    }
}

/// A place in the journal: the offset of a record, and the controller that wrote it.
public struct MetadataPosition: Sendable, Equatable {
    /// -1 before the first record.
    public var offset: Int64
    public var controllerEpoch: Int32

    public init(offset: Int64, controllerEpoch: Int32) {
        self.offset = offset
        self.controllerEpoch = controllerEpoch
    }

    public static let start = MetadataPosition(offset: -1, controllerEpoch: 0)
}

/// The cluster's metadata at one place in the journal. An image never changes: a copy costs nothing, and a later image
/// shares with it whatever stayed the same.
public struct ClusterImage: Sendable, Equatable {
    /// The last record that is in here.
    public internal(set) var position = MetadataPosition.start
    public internal(set) var topics = TopicsImage()
    public internal(set) var brokers: [Int32: BrokerImage] = [:]
    /// Settings made at run time.
    public internal(set) var configurations: PersistentMap<ConfigurationResource, [String: String]> = [:]
    /// Limits of clients, by Kafka's names of them.
    public internal(set) var clientQuotas: PersistentMap<ClientQuotaEntity, [String: Double]> = [:]
    /// The finalized level of each feature.
    public internal(set) var features: [String: Int16] = [:]
    /// The first producer id that was not handed out.
    public internal(set) var nextProducerId: Int64 = 0

    init() {}

    /// Before the first record.
    public static let empty = ClusterImage()

    /// Settings of a resource made at run time; empty when there are none.
    public func configuration(of resource: ConfigurationResource) -> [String: String] {
        configurations[resource] ?? [:]
    }

    /// Resources that have settings made at run time, in no particular order.
    public var configuredResources: some Sequence<ConfigurationResource> { configurations.lazy.map(\.key) }

    /// The quotas of every entity that has some, in no particular order.
    public var allClientQuotas: some Sequence<(entity: ClientQuotaEntity, values: [String: Double])> {
        clientQuotas.lazy.map { ($0.key, $0.value) }
    }

    /// The quotas of an entity; empty when there are none.
    public func quotas(of entity: ClientQuotaEntity) -> [String: Double] { clientQuotas[entity] ?? [:] }

    /// Where a topic's settings come from, as one broker sees it.
    public func topicSettings(_ settings: BrokerSettings, brokerId: Int32) -> TopicSettings {
        TopicSettings(
            settings: settings, broker: configuration(of: .broker(brokerId)),
            cluster: configuration(of: .allBrokers))
    }

    /// A broker's settings with those made at run time.
    public func liveSettings(_ settings: BrokerSettings, brokerId: Int32) -> LiveSettings {
        topicSettings(settings, brokerId: brokerId).live
    }

    /// Records that make this image out of an empty one, in an order in which they can be replayed.
    public func snapshotRecords() -> [MetadataRecord] {
        var records: [MetadataRecord] = []
        for (name, level) in features.sorted(by: { $0.key < $1.key }) {
            records.append(.featureLevel(FeatureLevelRecord(name: name, level: level)))
        }
        for broker in brokers.values.sorted(by: { $0.id < $1.id }) {
            records.append(.brokerRegistration(broker.registration))
        }
        for topic in topics.all.sorted(by: { $0.name < $1.name }) {
            records.append(.topic(TopicRecord(name: topic.name, id: topic.id)))
            for (partition, state) in topic.partitions.enumerated() {
                records.append(
                    .partition(PartitionRecord(topicId: topic.id, partition: Int32(partition), state: state)))
            }
        }
        let resources = configurations.sorted {
            ($0.key.kind.rawValue, $0.key.name) < ($1.key.kind.rawValue, $1.key.name)
        }
        for (resource, values) in resources {
            for (key, value) in values.sorted(by: { $0.key < $1.key }) {
                records.append(.configuration(ConfigurationRecord(resource: resource, key: key, value: value)))
            }
        }
        records += clientQuotaRecords()
        if nextProducerId > 0 {
            records.append(.producerIds(ProducerIdsRecord(brokerId: -1, brokerEpoch: -1, nextId: nextProducerId)))
        }
        return records
    }

    private func clientQuotaRecords() -> [MetadataRecord] {
        let entities = clientQuotas.sorted { left, right in
            left.key.parts.map(\.sortKey).lexicographicallyPrecedes(right.key.parts.map(\.sortKey))
        }
        return entities.flatMap { entity, quotas in
            quotas.sorted { $0.key < $1.key }.map { key, value in
                .clientQuota(ClientQuotaRecord(entity: entity, key: key, value: value))
            }
        }
    }
}

extension ClientQuotaEntity.Part {
    fileprivate var sortKey: Name { "\(kind.rawValue)\(name == nil ? "" : "=")\(name ?? "")" }
}
