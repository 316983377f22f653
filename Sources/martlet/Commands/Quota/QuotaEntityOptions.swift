import CommandLine
import KafkaClientCore

/// Whose quotas are meant.
struct QuotaEntityOptions: ParsableArguments {
    @Option(valueName: "NAME", help: "The user of this name.")
    var user: String?
    @Flag(help: "Users without a quota of their own.")
    var defaultUser = false
    @Option(valueName: "ID", help: "Clients with this client id; of the user, where one is given.")
    var clientId: String?
    @Flag(help: "Clients whose client id has no quota of its own.")
    var defaultClientId = false
    @Option(valueName: "ADDRESS", help: "Connections from this address.")
    var ip: String?
    @Flag(help: "Connections from each address that has no quota of its own.")
    var defaultIp = false

    func validate() throws {
        for (name, isDefault, option) in [
            (user, defaultUser, "user"), (clientId, defaultClientId, "client-id"), (ip, defaultIp, "ip"),
        ] {
            if name != nil, isDefault {
                throw ValidationError("--\(option) and --default-\(option) exclude each other")
            }
            if name?.isEmpty == true { throw ValidationError("--\(option) has no name") }
        }
        if entity[.ip] != nil, entity.count > 1 {
            throw ValidationError("the quota of an address is for it alone", hint: "Leave user and client id out.")
        }
    }

    var entity: QuotaEntity {
        var entity: QuotaEntity = [:]
        for (kind, name, isDefault) in [
            (QuotaKind.user, user, defaultUser), (.clientId, clientId, defaultClientId), (.ip, ip, defaultIp),
        ] where name != nil || isDefault {
            entity.updateValue(name, forKey: kind)
        }
        return entity
    }
}

extension QuotaEntityOptions {
    /// Throws where the options name nobody.
    func requireEntity() throws {
        guard entity.isEmpty else { return }
        throw ValidationError(
            "whose quota? one is missing",
            hint: "Give --user, --client-id (or both) or --ip, or --default-user, --default-client-id, --default-ip.")
    }
}

extension QuotaEntity {
    /// For people to read: `user ann, every client id`.
    var text: String {
        let parts = QuotaKind.allCases.compactMap { kind in
            self[kind].map { name in name.map { "\(kind.text) \($0)" } ?? "every \(kind.text)" }
        }
        return parts.joined(separator: ", ")
    }
}

extension QuotaKind {
    fileprivate var text: String {
        switch self {
        case .user: "user"
        case .clientId: "client id"
        case .ip: "address"
        }
    }
}

extension Double {
    /// As people write it: whole numbers without a point.
    var quotaText: String { Int64(exactly: self).map { "\($0)" } ?? "\(self)" }
}
