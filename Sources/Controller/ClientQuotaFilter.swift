import Bytes
import KafkaProtocol
import KafkaProtocolMore
import Metadata

/// Which entities' quotas a request wants to see.
public struct ClientQuotaFilter: Sendable {
    private enum Match: Equatable {
        /// That name, or with nil the default.
        case name(Name?)
        case any
    }

    private var matches: [ClientQuotaEntity.Kind: Match] = [:]
    /// Whether entities with further parts are left out.
    private let isStrict: Bool

    public init(_ request: DescribeClientQuotasRequest) throws(ControllerError) {
        isStrict = request.strict
        for component in request.components {
            if component.entityType.isEmpty { throw ControllerError(.invalidRequest, "Invalid empty entity type.") }
            guard let kind = ClientQuotaEntity.Kind(name: component.entityType) else {
                throw ControllerError(.unsupportedVersion, "Unsupported entity type \(component.entityType)")
            }
            guard matches[kind] == nil else {
                throw ControllerError(
                    .invalidRequest, "Entity type \(kind.name) cannot appear more than once in the filter.")
            }
            matches[kind] = try ClientQuotaFilter.match(component)
        }
        guard matches[.address] == nil || matches.count == 1 else {
            throw ControllerError(
                .invalidRequest,
                "Invalid entity filter component combination, IP filter component should not be used with user or "
                    + "clientId filter component.")
        }
    }

    private static func match(
        _ component: DescribeClientQuotasRequest.ComponentData
    ) throws(ControllerError) -> Match {
        switch (component.matchType, component.match) {
        case (0, let name?): return .name(Name(name))
        case (0, nil):
            throw ControllerError(
                .invalidRequest, "Request specified MATCH_TYPE_EXACT, but set match string to null.")
        case (1, nil): return .name(nil)
        case (2, nil): return .any
        case (1, _):
            throw ControllerError(
                .invalidRequest, "Request specified MATCH_TYPE_DEFAULT, but also specified a match string.")
        case (2, _):
            throw ControllerError(
                .invalidRequest, "Request specified MATCH_TYPE_SPECIFIED, but also specified a match string.")
        default: throw ControllerError(.invalidRequest, "Unknown match type \(component.matchType)")
        }
    }

    public func matches(_ entity: ClientQuotaEntity) -> Bool {
        if isStrict, entity.parts.count != matches.count { return false }
        return matches.allSatisfy { kind, match in
            guard let part = entity[kind] else { return false }
            return match == .any || match == .name(part.name)
        }
    }
}
