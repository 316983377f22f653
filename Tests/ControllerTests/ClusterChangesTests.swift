import Configuration
import KafkaProtocol
import KafkaProtocolMore
import Metadata
import Testing

@testable import Controller

@Suite struct UpdateFeaturesTests {
    private func update(
        _ cluster: inout TestCluster, _ updates: [(String, Int16, Int8)], version: Int16 = 2, validateOnly: Bool = false
    ) throws -> UpdateFeaturesResponse {
        var request = UpdateFeaturesRequest()
        request.validateOnly = validateOnly
        request.featureUpdates = updates.map { name, level, type in
            var update = UpdateFeaturesRequest.FeatureUpdateKey()
            update.feature = name
            update.maxVersionLevel = level
            update.upgradeType = type
            return update
        }
        let result = cluster.controller.updateFeatures(request, version: version)
        try cluster.take(result.records)
        return result.reply
    }

    @Test(
        arguments: [
            ("no.such.feature", 1, 1), ("metadata.version", 9999, 1), ("metadata.version", 0, 3),
            ("metadata.version", 29, 1),
            ("metadata.version", 29, 3), ("metadata.version", -1, 1), ("metadata.version", 30, 9),
            ("kraft.version", 0, 2),
            ("eligible.leader.replicas.version", 0, 1), ("group.version", 0, 1),
        ] as [(String, Int16, Int8)])
    func isRefused(_ name: String, _ level: Int16, _ type: Int8) throws {
        var cluster = try TestCluster()
        let before = cluster.controller.image
        let reply = try update(&cluster, [("metadata.version", 30, 1), (name, level, type)])
        #expect(reply.errorCode == 95)
        #expect(reply.errorMessage?.contains("for feature \(name).") == true)
        #expect(cluster.controller.image == before)
    }

    @Test func aLevelGoesDownAndUpAgain() throws {
        var cluster = try TestCluster()
        #expect(try update(&cluster, [("metadata.version", 29, 2)], validateOnly: true).errorCode == 0)
        #expect(cluster.controller.image.features["metadata.version"] == 30)
        #expect(try update(&cluster, [("metadata.version", 29, 2)]).errorCode == 0)
        #expect(cluster.controller.image.features["metadata.version"] == 29)
        let reply = try update(&cluster, [("metadata.version", 30, 1)], version: 1)
        #expect(reply.results.map(\.feature) == ["metadata.version"])
        #expect(cluster.controller.image.features["metadata.version"] == 30)
    }

    @Test func eligibleLeaderReplicasMakeMinInSyncReplicasOneForAll() throws {
        var cluster = try TestCluster(settings: [("min.insync.replicas", "3")])
        let feature = "eligible.leader.replicas.version"
        #expect(try update(&cluster, [(feature, 0, 2)]).errorCode == 0)
        let key = "min.insync.replicas"
        try cluster.take([
            .configuration(ConfigurationRecord(resource: .allBrokers, key: key, value: nil)),
            .configuration(ConfigurationRecord(resource: .broker(1), key: key, value: "2")),
        ])
        #expect(try update(&cluster, [(feature, 1, 1)]).errorCode == 0)
        #expect(cluster.controller.image.configuration(of: .allBrokers) == [key: "2"])
        #expect(cluster.controller.image.configuration(of: .broker(1)).isEmpty)
    }
}

@Suite struct UnregisterBrokerTests {
    private func unregister(_ cluster: inout TestCluster, _ id: Int32) throws -> Int16 {
        var request = UnregisterBrokerRequest()
        request.brokerId = id
        let result = cluster.controller.unregisterBroker(request)
        try cluster.take(result.records)
        return result.reply.errorCode
    }

    @Test func aBrokerThatIsGoneIsForgotten() throws {
        var cluster = try TestCluster(brokers: 2)
        #expect(try unregister(&cluster, 98765) == 102)
        #expect(try unregister(&cluster, 2) == 0)
        #expect(cluster.controller.image.brokers.keys.sorted() == [1])
        // The one that runs this is in use.
        #expect(try unregister(&cluster, 1) == 42)
        #expect(cluster.controller.image.brokers.keys.sorted() == [1])
    }
}

@Suite struct ClientQuotasTests {
    typealias Part = (type: String, name: String?)

    private func alter(
        _ cluster: inout TestCluster, _ entity: [Part], _ operations: [(String, Double, Bool)],
        validateOnly: Bool = false
    ) throws -> Int16 {
        var entry = AlterClientQuotasRequest.EntryData()
        entry.entity = entity.map { type, name in
            var part = AlterClientQuotasRequest.EntityData()
            part.entityType = type
            part.entityName = name
            return part
        }
        entry.ops = operations.map { key, value, remove in
            var operation = AlterClientQuotasRequest.OpData()
            operation.key = key
            operation.value = value
            operation.remove = remove
            return operation
        }
        var request = AlterClientQuotasRequest()
        request.entries = [entry]
        request.validateOnly = validateOnly
        let result = cluster.controller.alterClientQuotas(request)
        try cluster.take(result.records)
        return try #require(result.reply.entries.first).errorCode
    }

    private func described(
        _ cluster: TestCluster, _ components: [(String, Int8, String?)], strict: Bool = false
    ) throws -> Set<[String: Double]> {
        var request = DescribeClientQuotasRequest()
        request.strict = strict
        request.components = components.map { type, match, name in
            var component = DescribeClientQuotasRequest.ComponentData()
            component.entityType = type
            component.matchType = match
            component.match = name
            return component
        }
        let filter = try ClientQuotaFilter(request)
        return Set(cluster.controller.image.allClientQuotas.filter { filter.matches($0.entity) }.map(\.values))
    }

    @Test func quotasAreSetFoundAndRemoved() throws {
        var cluster = try TestCluster()
        let client: [Part] = [("client-id", "c")]
        #expect(try alter(&cluster, client, [("producer_byte_rate", 5, false)], validateOnly: true) == 0)
        #expect(try described(cluster, []).isEmpty)
        #expect(
            try alter(&cluster, client, [("producer_byte_rate", 5, false), ("request_percentage", 0.5, false)]) == 0)
        #expect(try alter(&cluster, [("client-id", nil), ("user", "u")], [("consumer_byte_rate", 6, false)]) == 0)
        #expect(try alter(&cluster, [("ip", "10.1.2.3")], [("connection_creation_rate", 7, false)]) == 0)
        let (one, both, address) = (
            ["producer_byte_rate": 5, "request_percentage": 0.5], ["consumer_byte_rate": 6.0],
            ["connection_creation_rate": 7.0]
        )
        #expect(try described(cluster, []) == [one, both, address])
        #expect(try described(cluster, [("client-id", 0, "c")]) == [one])
        #expect(try described(cluster, [("client-id", 1, nil)]) == [both])
        #expect(try described(cluster, [("client-id", 2, nil)]) == [one, both])
        #expect(try described(cluster, [("client-id", 2, nil)], strict: true) == [one])
        #expect(try described(cluster, [("ip", 2, nil)]) == [address])
        #expect(try alter(&cluster, client, [("producer_byte_rate", 0, true), ("request_percentage", 0, true)]) == 0)
        #expect(try described(cluster, [("client-id", 0, "c")]).isEmpty)
    }

    @Test(
        arguments: [
            ([("client-id", "c")], "no_such_rate", 1), ([("client-id", "c")], "producer_byte_rate", -1),
            ([("client-id", "c")], "producer_byte_rate", 1.5), ([("client-id", "c")], "producer_byte_rate", .nan),
            ([("client-id", "c")], "producer_byte_rate", .infinity), ([("planet", "x")], "producer_byte_rate", 1),
            ([("ip", "not.an.ip.at.all.")], "connection_creation_rate", 1),
            ([("ip", "10.1.2.3")], "producer_byte_rate", 1),
            ([], "producer_byte_rate", 1), ([("user", "u"), ("user", "v")], "producer_byte_rate", 1),
            ([("user", "u"), ("ip", "10.1.2.3")], "producer_byte_rate", 1), ([("user", "")], "producer_byte_rate", 1),
        ] as [([(String, String?)], String, Double)])
    func isRefused(_ entity: [(String, String?)], _ key: String, _ value: Double) throws {
        var cluster = try TestCluster()
        #expect(try alter(&cluster, entity.map { ($0.0, $0.1) }, [(key, value, false)]) == 42)
        #expect(try described(cluster, []).isEmpty)
    }

    @Test(
        arguments: [
            ([("planet", 0, "x")], 35), ([("client-id", 7, "x")], 42), ([("client-id", 0, nil)], 42),
            ([("client-id", 1, "x")], 42), ([("client-id", 2, "x")], 42),
            ([("client-id", 0, "a"), ("client-id", 0, "b")], 42),
            ([("", 0, "a")], 42), ([("ip", 2, nil), ("user", 2, nil)], 42),
        ] as [([(String, Int8, String?)], Int16)])
    func isNoFilter(_ components: [(String, Int8, String?)], _ code: Int16) throws {
        let cluster = try TestCluster()
        #expect {
            try described(cluster, components)
        } throws: { error in
            (error as? ControllerError)?.code.rawValue == code
        }
    }
}
