public import Bytes
public import Metadata

/// The quotas that are set, made for looking them up. It never changes: other quotas are another table.
public struct QuotaTable: Sendable {
    private enum Part: Hashable {
        case named(Name)
        case others

        init(_ name: Name?) { self = name.map(Part.named) ?? .others }
    }

    /// nil: the entity says nothing of it.
    private struct Scope: Hashable {
        var user: Part?
        var clientID: Part?
    }

    private var limits: [QuotaKind: [Scope: Double]] = [:]
    private var connectionRates: [Part: Double] = [:]

    /// A table without quotas.
    public init() {}

    public init(_ image: ClusterImage) {
        for (entity, values) in image.allClientQuotas {
            if let address = entity[.address] {
                connectionRates[Part(address.name)] = values["connection_creation_rate"]
                continue
            }
            let scope = Scope(
                user: entity[.user].map { Part($0.name) }, clientID: entity[.clientId].map { Part($0.name) })
            for kind in QuotaKind.allCases {
                if let limit = values[kind.quotaName], limit > 0 { limits[kind, default: [:]][scope] = limit }
            }
        }
    }

    /// Whether some client has a quota.
    public var limitsClients: Bool { !limits.isEmpty }

    /// Whether some address has a quota.
    public var limitsConnections: Bool { !connectionRates.isEmpty }

    /// The most specific quota that fits, in Kafka's order: a user counts before a client id, and a name before the default.
    public func quota(_ kind: QuotaKind, user: Name, clientID: Name) -> ClientQuota? {
        guard let limits = limits[kind] else { return nil }
        let users: [Part?] = [.named(user), .others, nil]
        let clients: [Part?] = [.named(clientID), .others, nil]
        for scope in users.flatMap({ user in clients.map { Scope(user: user, clientID: $0) } }) {
            guard let limit = limits[scope] else { continue }
            let key = QuotaKey(
                kind, user: scope.user == nil ? nil : user, clientID: scope.clientID == nil ? nil : clientID)
            return ClientQuota(key: key, limit: limit)
        }
        return nil
    }

    /// Connections by the second that an address may make; nil where that is not limited.
    ///
    /// - Parameter address: in numbers.
    public func connectionRate(of address: String) -> Double? {
        connectionRates[.named(Name(address))] ?? connectionRates[.others]
    }
}
