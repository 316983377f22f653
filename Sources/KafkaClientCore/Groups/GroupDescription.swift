import Bytes

/// A group as a broker lists it.
public struct ListedGroup: Sendable, Equatable {
    public let name: String
    /// What its members speak among themselves: `consumer`, `connect`; empty for a group that only keeps offsets.
    public let protocolType: String
    /// In Kafka's words: `Stable`, `Empty`; nil from brokers before Kafka 2.6.
    public let state: String?
    /// `classic`, `consumer`, `share`, `streams`; nil from brokers before Kafka 3.8.
    public let type: String?
}

/// A group and its members.
public struct GroupDescription: Sendable, Equatable {
    public enum Kind: String, Sendable {
        /// The members assign partitions among themselves.
        case classic
        /// The broker assigns them (KIP-848).
        case consumer
    }

    public struct Member: Sendable, Equatable {
        public let id: String
        /// Of a static member.
        public let instanceId: String?
        public let clientId: String
        public let host: String
        /// What it reads now, in order.
        public let assignment: [TopicPartition]
        /// What it is to read, where the broker assigns, in order; nil in a classic group.
        public let target: [TopicPartition]?
        /// Topics that it wants to read; nil where it does not say so in a form that is known.
        public let subscription: [String]?
    }

    public let name: String
    public let kind: Kind
    /// In Kafka's words: `Stable`, `Empty`, `Reconciling`.
    public let state: String
    public let protocolType: String
    /// Empty while there is none.
    public let assignor: String
    /// The epoch of a group whose partitions the broker assigns; nil for a classic one, which does not tell.
    public let epoch: Int32?
    /// The broker that answers for it.
    public let coordinator: Int32
    /// In the order of their ids.
    public let members: [Member]
}

/// How far a group has come in a partition.
public struct GroupOffset: Sendable, Equatable {
    /// Of the next record to read.
    public var offset: Int64
    /// Of the record before it; -1 where nobody said it.
    public var leaderEpoch: Int32
    /// The client's own.
    public var metadata: String

    public init(offset: Int64, leaderEpoch: Int32 = -1, metadata: String = "") {
        self.offset = offset
        self.leaderEpoch = leaderEpoch
        self.metadata = metadata
    }
}
