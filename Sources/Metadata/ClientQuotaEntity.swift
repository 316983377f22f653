public import Bytes

/// Whom a quota is for: a user, a client id, both, or an address. A name of nil stands for all that have no quota of
/// their own.
public struct ClientQuotaEntity: Hashable, Sendable {
    /// The raw values are what stands in the journal.
    public enum Kind: UInt8, Sendable, Comparable, CaseIterable {
        case user = 1
        case clientId = 2
        case address = 3

        public static func < (left: Kind, right: Kind) -> Bool { left.rawValue < right.rawValue }

        /// Kafka's name of the kind.
        public var name: String {
            switch self {
            case .user: "user"
            case .clientId: "client-id"
            case .address: "ip"
            }
        }

        public init?(name: String) {
            guard let kind = Kind.allCases.first(where: { $0.name == name }) else { return nil }
            self = kind
        }
    }

    public struct Part: Hashable, Sendable {
        public let kind: Kind
        /// nil: the default.
        public let name: Name?

        public init(kind: Kind, name: Name?) {
            self.kind = kind
            self.name = name
        }
    }

    /// In the order of their kinds.
    public let parts: [Part]

    public init(_ parts: [Part]) { self.parts = parts.sorted { $0.kind < $1.kind } }

    /// The part of that kind; nil when the entity has none.
    public subscript(kind: Kind) -> Part? { parts.first { $0.kind == kind } }
}
