import Bytes
import KafkaProtocol
import KafkaProtocolMore
import Metadata

extension Controller {
    /// Quotas that a user or a client may have, and those of an address.
    private static let clientKeys: Set = [
        "producer_byte_rate", "consumer_byte_rate", "request_percentage", "controller_mutation_rate",
    ]
    private static let addressKeys: Set = ["connection_creation_rate"]

    /// Sets and removes quotas, each entity by itself.
    public func alterClientQuotas(
        _ request: AlterClientQuotasRequest
    ) -> ControllerResult<AlterClientQuotasResponse> {
        var result = ControllerResult(reply: AlterClientQuotasResponse())
        for entry in request.entries {
            var row = AlterClientQuotasResponse.EntryData()
            row.errorMessage = nil
            row.entity = entry.entity.map { part in
                var shown = AlterClientQuotasResponse.EntityData()
                shown.entityType = part.entityType
                shown.entityName = part.entityName
                return shown
            }
            do throws(ControllerError) {
                result.records += try quotas(of: entry)
            } catch {
                row.errorCode = error.code.rawValue
                row.errorMessage = error.message
            }
            result.reply.entries.append(row)
        }
        if request.validateOnly { result.records = [] }
        return result
    }

    private func quotas(of entry: AlterClientQuotasRequest.EntryData) throws(ControllerError) -> [MetadataRecord] {
        let entity = try entity(entry.entity)
        let keys = entity[.address] == nil ? Controller.clientKeys : Controller.addressKeys
        let present = image.quotas(of: entity)
        var records: [MetadataRecord] = []
        for operation in entry.ops {
            guard keys.contains(operation.key) else {
                throw ControllerError(.invalidRequest, "Invalid configuration key \(operation.key)")
            }
            if !operation.remove { try check(operation.value, of: operation.key) }
            let value = operation.remove ? nil : operation.value
            guard present[operation.key] != value else { continue }
            records.append(
                .clientQuota(ClientQuotaRecord(entity: entity, key: operation.key, value: value)))
        }
        return records
    }

    private func check(_ value: Double, of key: String) throws(ControllerError) {
        guard value > 0 else { throw ControllerError(.invalidRequest, "Quota \(key) must be greater than 0") }
        let isWhole = key != "request_percentage" && key != "controller_mutation_rate"
        guard value.isFinite, !isWhole || (value == value.rounded() && value <= Double(Int64.max)) else {
            throw ControllerError(.invalidRequest, "\(key) cannot be \(value)")
        }
    }

    private func entity(
        _ parts: [AlterClientQuotasRequest.EntityData]
    ) throws(ControllerError) -> ClientQuotaEntity {
        if parts.isEmpty { throw ControllerError(.invalidRequest, "Invalid empty client quota entity") }
        var read: [ClientQuotaEntity.Part] = []
        for part in parts {
            guard let kind = ClientQuotaEntity.Kind(name: part.entityType) else {
                throw ControllerError(
                    .invalidRequest, "Unhandled client quota entity type: \(part.entityType)")
            }
            guard !read.contains(where: { $0.kind == kind }) else {
                throw ControllerError(
                    .invalidRequest, "Invalid client quota entity, contains duplicate entity type: \(part.entityType)")
            }
            if part.entityName == "" {
                throw ControllerError(.invalidRequest, "Empty \(part.entityType) not supported")
            }
            if kind == .address, let name = part.entityName, !isAddress(name) {
                throw ControllerError(.invalidRequest, "\(name) is not a valid IP or resolvable host.")
            }
            read.append(ClientQuotaEntity.Part(kind: kind, name: part.entityName.map { Name($0) }))
        }
        guard read.count == 1 || !read.contains(where: { $0.kind == .address }) else {
            throw ControllerError(
                .invalidRequest,
                "Invalid quota entity combination, ip entity should not be combined with user or clientId.")
        }
        return ClientQuotaEntity(read)
    }

    /// An address in numbers. Kafka looks names up as well; that would make a decision wait for the network.
    private func isAddress(_ text: String) -> Bool {
        if text.contains(":") {
            let groups = text.split(separator: ":", omittingEmptySubsequences: false)
            return groups.count <= 8 && groups.allSatisfy { $0.count <= 4 && $0.allSatisfy(\.isHexDigit) }
        }
        let numbers = text.split(separator: ".", omittingEmptySubsequences: false)
        return numbers.count == 4 && numbers.allSatisfy { UInt8($0) != nil }
    }
}
