import KafkaProtocol
import KafkaProtocolMore
import Runtime

/// A part of what a quota holds for. A user and a client id may stand together; an address stands alone.
public enum QuotaKind: String, Sendable, CaseIterable {
    case user
    case clientId = "client-id"
    case ip
}

/// Whom a quota holds for: names by kind, with nil for all that have no quota by their own name.
public typealias QuotaEntity = [QuotaKind: String?]

/// What is set for one entity.
public struct DescribedQuotas: Sendable, Equatable {
    public let entity: QuotaEntity
    /// By Kafka's keys: `producer_byte_rate`.
    public let values: [String: Double]
}

extension Client {
    /// Describes the quotas of all entities that have the parts of `entity`, and perhaps others; of all, when it has none.
    public func describeQuotas(
        of entity: QuotaEntity, completion: @escaping (Result<[DescribedQuotas], ClientError>) -> Void
    ) {
        var request = DescribeClientQuotasRequest()
        request.components = entity.map { kind, name in
            var component = DescribeClientQuotasRequest.ComponentData()
            component.entityType = kind.rawValue
            component.matchType = name == nil ? QuotaMatch.default : QuotaMatch.exact
            component.match = name
            return component
        }
        send(request, refusal: { ErrorCode(rawValue: $0.errorCode).retriedByAdministration }) { result in
            completion(
                result.flatMap { response -> Result<[DescribedQuotas], ClientError> in
                    guard response.errorCode == 0 else {
                        let text = response.errorMessage.flatMap { $0.isEmpty ? nil : $0 }
                        return .failure(ClientError(response.errorCode, text, doing: "describing quotas"))
                    }
                    return .success((response.entries ?? []).map(DescribedQuotas.init))
                })
        }
    }

    /// Changes quotas of one entity; a value of nil takes the quota away.
    public func alterQuotas(
        of entity: QuotaEntity, _ changes: [(key: String, value: Double?)],
        completion: @escaping (Result<Void, ClientError>) -> Void
    ) {
        var entry = AlterClientQuotasRequest.EntryData()
        entry.entity = entity.map { kind, name in
            var part = AlterClientQuotasRequest.EntityData()
            part.entityType = kind.rawValue
            part.entityName = name
            return part
        }
        entry.ops = changes.map { change in
            var operation = AlterClientQuotasRequest.OpData()
            operation.key = change.key
            operation.value = change.value ?? 0
            operation.remove = change.value == nil
            return operation
        }
        var request = AlterClientQuotasRequest()
        request.entries = [entry]
        change(
            request, subject: "the quotas", doing: "changing quotas",
            answer: { $0.entries.first.map { ChangeAnswer($0.errorCode, $0.errorMessage) } }, completion: completion)
    }
}

/// How DescribeClientQuotas compares names.
private enum QuotaMatch {
    static let exact: Int8 = 0
    static let `default`: Int8 = 1
}

extension DescribedQuotas {
    /// Parts of a kind that this client does not know are left out.
    fileprivate init(_ entry: DescribeClientQuotasResponse.EntryData) {
        var entity: QuotaEntity = [:]
        for part in entry.entity {
            if let kind = QuotaKind(rawValue: part.entityType) { entity.updateValue(part.entityName, forKey: kind) }
        }
        self.entity = entity
        values = Dictionary(entry.values.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    }
}
