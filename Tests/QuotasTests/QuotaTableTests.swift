import Bytes
import Metadata
import Quotas
import Testing

/// Which quota applies, and whose use counts together.
@Suite struct QuotaTableTests {
    /// Kafka's order, most specific first: for user `u` and client id `c`, with who shares the measure.
    private static let precedence: [(entity: [ClientQuotaEntity.Part], user: Name?, clientID: Name?)] = [
        ([user("u"), client("c")], "u", "c"),
        ([user("u"), client(nil)], "u", "c"),
        ([user("u")], "u", nil),
        ([user(nil), client("c")], "u", "c"),
        ([user(nil), client(nil)], "u", "c"),
        ([user(nil)], "u", nil),
        ([client("c")], nil, "c"),
        ([client(nil)], nil, "c"),
    ]

    private static func user(_ name: Name?) -> ClientQuotaEntity.Part { .init(kind: .user, name: name) }
    private static func client(_ name: Name?) -> ClientQuotaEntity.Part { .init(kind: .clientId, name: name) }

    private static func table(
        _ quotas: [(entity: [ClientQuotaEntity.Part], key: String, value: Double)]
    ) throws -> QuotaTable {
        var delta = ClusterDelta(base: .empty)
        for (offset, quota) in quotas.enumerated() {
            try delta.replay(
                .clientQuota(
                    ClientQuotaRecord(entity: ClientQuotaEntity(quota.entity), key: quota.key, value: quota.value)),
                at: MetadataPosition(offset: Int64(offset), controllerEpoch: 1))
        }
        return QuotaTable(delta.image)
    }

    @Test(arguments: QuotaKind.allCases) func theMostSpecificQuotaApplies(kind: QuotaKind) throws {
        // Others that never fit.
        let strangers: [(entity: [ClientQuotaEntity.Part], key: String, value: Double)] = [
            ([Self.user("v"), Self.client("c")], kind.quotaName, 90), ([Self.user("v")], kind.quotaName, 91),
            ([Self.user("u"), Self.client("d")], kind.quotaName, 92), ([Self.client("d")], kind.quotaName, 93),
            ([Self.user(nil), Self.client("d")], kind.quotaName, 94),
        ]
        for first in Self.precedence.indices {
            let quotas = Self.precedence[first...].enumerated().map { place, row in
                (entity: row.entity, key: kind.quotaName, value: Double(first + place + 1))
            }
            let found = try Self.table(strangers + quotas).quota(kind, user: "u", clientID: "c")
            let row = Self.precedence[first]
            #expect(
                found
                    == ClientQuota(
                        key: QuotaKey(kind, user: row.user, clientID: row.clientID), limit: Double(first + 1)))
        }
        #expect(try Self.table(strangers).quota(kind, user: "u", clientID: "c") == nil)
    }

    @Test func eachKindIsLookedUpByItself() throws {
        let table = try Self.table([
            ([Self.user("u"), Self.client("c")], "consumer_byte_rate", 1),
            ([Self.client(nil)], "producer_byte_rate", 2),
        ])
        #expect(table.quota(.fetch, user: "u", clientID: "c")?.limit == 1)
        #expect(table.quota(.produce, user: "u", clientID: "c")?.limit == 2)
        #expect(table.quota(.request, user: "u", clientID: "c") == nil)
        #expect(table.limitsClients)
        #expect(!table.limitsConnections)
        #expect(!QuotaTable().limitsClients)
    }

    @Test func anAddressCountsBeforeTheDefault() throws {
        let table = try Self.table([
            ([.init(kind: .address, name: "10.0.0.1")], "connection_creation_rate", 3),
            ([.init(kind: .address, name: nil)], "connection_creation_rate", 7),
        ])
        #expect(table.connectionRate(of: "10.0.0.1") == 3)
        #expect(table.connectionRate(of: "10.0.0.2") == 7)
        #expect(table.limitsConnections)
        #expect(!table.limitsClients)
        #expect(QuotaTable().connectionRate(of: "10.0.0.1") == nil)
    }
}
