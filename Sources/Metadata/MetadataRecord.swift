public import Bytes

/// One change of the cluster's metadata. The journal of these is the truth; an image is what they add up to.
public enum MetadataRecord: Sendable, Equatable {
    case featureLevel(FeatureLevelRecord)
    case brokerRegistration(BrokerRegistrationRecord)
    case brokerFencing(BrokerFencingRecord)
    case brokerUnregistration(BrokerUnregistrationRecord)
    case topic(TopicRecord)
    case partition(PartitionRecord)
    case topicRemoval(TopicRemovalRecord)
    case leaderEpochRise(LeaderEpochRiseRecord)
    case configuration(ConfigurationRecord)
    case producerIds(ProducerIdsRecord)
    case clientQuota(ClientQuotaRecord)
}

/// The cluster's level of a feature; 0 removes it.
public struct FeatureLevelRecord: Sendable, Equatable {
    public var name: String
    public var level: Int16

    public init(name: String, level: Int16) {
        self.name = name
        self.level = level
    }
}

/// A broker that joined, or joined again: it replaces an earlier registration of the same id.
public struct BrokerRegistrationRecord: Sendable, Equatable {
    public var brokerId: Int32
    /// Higher than that of any earlier registration of this id.
    public var brokerEpoch: Int64
    /// Of one run of the process.
    public var incarnationId: UUID
    public var endpoints: [BrokerEndpoint]
    public var rack: String?
    public var features: [SupportedFeature]
    public var logDirectories: [UUID]
    /// A fenced broker leads nothing and is not shown to clients.
    public var isFenced: Bool

    public init(
        brokerId: Int32, brokerEpoch: Int64, incarnationId: UUID, endpoints: [BrokerEndpoint], rack: String?,
        features: [SupportedFeature], logDirectories: [UUID], isFenced: Bool
    ) {
        self.brokerId = brokerId
        self.brokerEpoch = brokerEpoch
        self.incarnationId = incarnationId
        self.endpoints = endpoints
        self.rack = rack
        self.features = features
        self.logDirectories = logDirectories
        self.isFenced = isFenced
    }
}

/// Where a broker's listener of that name can be reached.
public struct BrokerEndpoint: Sendable, Equatable {
    public var listener: String
    public var host: String
    public var port: UInt16
    /// Kafka's number: 0 plaintext, 1 TLS, 2 SASL, 3 SASL over TLS.
    public var securityProtocol: Int16

    public init(listener: String, host: String, port: UInt16, securityProtocol: Int16) {
        self.listener = listener
        self.host = host
        self.port = port
        self.securityProtocol = securityProtocol
    }
}

/// The levels of a feature that a broker can work with.
public struct SupportedFeature: Sendable, Equatable {
    public var name: String
    public var minimum: Int16
    public var maximum: Int16

    public init(name: String, minimum: Int16, maximum: Int16) {
        self.name = name
        self.minimum = minimum
        self.maximum = maximum
    }
}

/// A broker that stops or starts to be used, without a new registration.
public struct BrokerFencingRecord: Sendable, Equatable {
    public var brokerId: Int32
    /// Of the registration that this is about.
    public var brokerEpoch: Int64
    public var isFenced: Bool

    public init(brokerId: Int32, brokerEpoch: Int64, isFenced: Bool) {
        self.brokerId = brokerId
        self.brokerEpoch = brokerEpoch
        self.isFenced = isFenced
    }
}

/// A broker that left for good.
public struct BrokerUnregistrationRecord: Sendable, Equatable {
    public var brokerId: Int32
    public var brokerEpoch: Int64

    public init(brokerId: Int32, brokerEpoch: Int64) {
        self.brokerId = brokerId
        self.brokerEpoch = brokerEpoch
    }
}

/// A new topic; its partitions follow.
public struct TopicRecord: Sendable, Equatable {
    public var name: String
    public var id: UUID

    public init(name: String, id: UUID) {
        self.name = name
        self.id = id
    }
}

/// All of one partition's state; replaces what was there.
public struct PartitionRecord: Sendable, Equatable {
    public var topicId: UUID
    public var partition: Int32
    public var state: PartitionState

    public init(topicId: UUID, partition: Int32, state: PartitionState) {
        self.topicId = topicId
        self.partition = partition
        self.state = state
    }
}

/// A deleted topic, with its partitions and configuration.
public struct TopicRemovalRecord: Sendable, Equatable {
    public var topicId: UUID

    public init(topicId: UUID) { self.topicId = topicId }
}

/// Raises the leader epoch of every partition that a broker leads, as each start of that broker must.
public struct LeaderEpochRiseRecord: Sendable, Equatable {
    public var brokerId: Int32

    public init(brokerId: Int32) { self.brokerId = brokerId }
}

/// What a configuration belongs to. The kinds are Kafka's numbers.
public struct ConfigurationResource: Hashable, Sendable {
    public enum Kind: Int8, Sendable {
        case topic = 2
        /// With the empty name: all brokers.
        case broker = 4
        case clientMetrics = 16
        case group = 32
    }

    public var kind: Kind
    public var name: Name

    public init(kind: Kind, name: Name) {
        self.kind = kind
        self.name = name
    }

    public static func topic(_ name: String) -> Self { Self(kind: .topic, name: Name(name)) }
    public static func broker(_ id: Int32) -> Self { Self(kind: .broker, name: "\(id)") }
    public static let allBrokers = Self(kind: .broker, name: "")
}

/// One key of a resource, set or (value nil) removed.
public struct ConfigurationRecord: Sendable, Equatable {
    public var resource: ConfigurationResource
    public var key: String
    public var value: String?

    public init(resource: ConfigurationResource, key: String, value: String?) {
        self.resource = resource
        self.key = key
        self.value = value
    }
}

/// Producer ids below `nextId` have been handed out.
public struct ProducerIdsRecord: Sendable, Equatable {
    /// To whom, and in which of its registrations.
    public var brokerId: Int32
    public var brokerEpoch: Int64
    public var nextId: Int64

    public init(brokerId: Int32, brokerEpoch: Int64, nextId: Int64) {
        self.brokerId = brokerId
        self.brokerEpoch = brokerEpoch
        self.nextId = nextId
    }
}

/// One quota of an entity, set or (value nil) removed.
public struct ClientQuotaRecord: Sendable, Equatable {
    public var entity: ClientQuotaEntity
    /// Kafka's name of the quota: `producer_byte_rate` and the like.
    public var key: String
    public var value: Double?

    public init(entity: ClientQuotaEntity, key: String, value: Double?) {
        self.entity = entity
        self.key = key
        self.value = value
    }
}
