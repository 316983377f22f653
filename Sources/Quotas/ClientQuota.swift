public import Bytes

/// What of a client is limited.
public enum QuotaKind: UInt8, CaseIterable, Sendable {
    /// Bytes of produce requests by the second.
    case produce
    /// Bytes of fetched records by the second.
    case fetch
    /// Percent of one thread's time.
    case request
    /// Partitions created and removed by the second.
    case controllerMutation

    /// Kafka's name of the quota.
    public var quotaName: String {
        switch self {
        case .produce: "producer_byte_rate"
        case .fetch: "consumer_byte_rate"
        case .request: "request_percentage"
        case .controllerMutation: "controller_mutation_rate"
        }
    }
}

/// Whose use counts together. Where the quota that applies is one of users, all clients of the user share one measure,
/// whatever their client ids; where it is one of client ids, all users of that client id do.
public struct QuotaKey: Hashable, Sendable {
    public let kind: QuotaKind
    /// nil: of all users.
    public let user: Name?
    /// nil: of all client ids.
    public let clientID: Name?

    public init(_ kind: QuotaKind, user: Name?, clientID: Name?) {
        self.kind = kind
        self.user = user
        self.clientID = clientID
    }
}

/// The quota that applies to a client.
public struct ClientQuota: Equatable, Sendable {
    public let key: QuotaKey
    /// By the second, above 0.
    public let limit: Double

    public init(key: QuotaKey, limit: Double) {
        self.key = key
        self.limit = limit
    }
}
