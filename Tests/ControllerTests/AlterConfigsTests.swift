import Configuration
import KafkaProtocol
import KafkaProtocolMore
import Metadata
import Testing

@testable import Controller

/// What AlterConfigs and IncrementalAlterConfigs decide; codes and words are those of Kafka 4.3.1.
@Suite struct AlterConfigsTests {
    private static let topicType: Int8 = 2
    private static let brokerType: Int8 = 4

    private enum Operation: Int8 { case set, delete, append, subtract }

    private func resource(
        _ type: Int8, _ name: String, _ changes: [(String, Int8, String?)]
    ) -> IncrementalAlterConfigsRequest.AlterConfigsResource {
        var resource = IncrementalAlterConfigsRequest.AlterConfigsResource()
        resource.resourceType = type
        resource.resourceName = name
        resource.configs = changes.map { name, operation, value in
            var config = IncrementalAlterConfigsRequest.AlterableConfig()
            config.name = name
            config.configOperation = operation
            config.value = value
            return config
        }
        return resource
    }

    private func alter(
        _ cluster: inout TestCluster, _ resources: [IncrementalAlterConfigsRequest.AlterConfigsResource],
        validateOnly: Bool = false, loggers: (String) throws(ControllerError) -> Void = { _ in }
    ) throws -> [IncrementalAlterConfigsResponse.AlterConfigsResourceResponse] {
        var request = IncrementalAlterConfigsRequest()
        request.resources = resources
        request.validateOnly = validateOnly
        let result = cluster.controller.incrementalAlterConfigs(request) { configs throws(ControllerError) in
            for config in configs { try loggers(config.name) }
        }
        try cluster.take(result.records)
        return result.reply.responses
    }

    private func replace(
        _ cluster: inout TestCluster, _ type: Int8, _ name: String, _ values: [(String, String?)]
    ) throws -> [Int16] {
        var row = AlterConfigsRequest.AlterConfigsResource()
        row.resourceType = type
        row.resourceName = name
        row.configs = values.map { name, value in
            var config = AlterConfigsRequest.AlterableConfig()
            config.name = name
            config.value = value
            return config
        }
        var request = AlterConfigsRequest()
        request.resources = [row]
        let result = cluster.controller.alterConfigs(request)
        try cluster.take(result.records)
        return result.reply.responses.map(\.errorCode)
    }

    private func stored(_ cluster: TestCluster, _ resource: ConfigurationResource) -> [String: String] {
        cluster.controller.image.configuration(of: resource)
    }

    @Test func aTopicsSettingsChangeOneByOne() throws {
        var cluster = try TestCluster()
        _ = try cluster.create([topic("t", configs: [("retention.ms", "5")])])
        let steps: [([(String, Int8, String?)], [String: String])] = [
            ([("max.message.bytes", 0, "7")], ["retention.ms": "5", "max.message.bytes": "7"]),
            ([("retention.ms", 1, nil)], ["max.message.bytes": "7"]),
            // An unset list begins as its default.
            ([("cleanup.policy", 2, "compact")], ["max.message.bytes": "7", "cleanup.policy": "delete,compact"]),
            ([("cleanup.policy", 2, "compact")], ["max.message.bytes": "7", "cleanup.policy": "delete,compact"]),
            ([("cleanup.policy", 3, "delete")], ["max.message.bytes": "7", "cleanup.policy": "compact"]),
            ([("no.such.key", 1, nil)], ["max.message.bytes": "7", "cleanup.policy": "compact"]),
        ]
        for (changes, expected) in steps {
            let answers = try alter(&cluster, [resource(Self.topicType, "t", changes)])
            #expect(answers.map(\.errorCode) == [0])
            #expect(stored(cluster, .topic("t")) == expected)
        }
    }

    static let refused: [(type: Int8, name: String, key: String, operation: Int8, value: String?, code: Int16)] = [
        (2, "t", "retention.ms", 2, "1", 40), (2, "t", "retention.ms", 0, nil, 42),
        (2, "t", "retention.ms", 0, "abc", 40),
        (2, "t", "retention.ms", 9, "1", 42), (2, "t", "no.such", 0, "1", 40), (2, "absent", "retention.ms", 0, "1", 3),
        (2, "absent", "retention.ms", 0, "x", 40), (2, "bad name!", "retention.ms", 0, "1", 17),
        (2, "", "retention.ms", 0, "1", 42), (0, "x", "a", 0, "1", 42), (77, "x", "a", 0, "1", 42),
        (4, "abc", "log.retention.ms", 0, "1", 42), (4, "987", "log.retention.ms", 0, "1", 42),
        (4, "1", "broker.id", 0, "5", 42), (4, "", "log.dirs", 0, "/x", 42), (4, "1", "log.retention.ms", 0, "x", 42),
        (4, "1", "min.insync.replicas", 0, "2", 40), (4, "", "min.insync.replicas", 1, nil, 40),
        (4, "1", "log.retention.ms", 2, "5", 40), (16, "", "interval.ms", 0, "100", 42),
        (16, "m", "interval.ms", 0, "1", 42), (16, "m", "match", 0, "x", 40),
        (32, "", "consumer.session.timeout.ms", 0, "50000", 42),
        (32, "g", "consumer.session.timeout.ms", 0, "10", 40), (8, "2", "root", 0, "INFO", 42),
    ]

    @Test(arguments: refused)
    func isRefused(_ row: (type: Int8, name: String, key: String, operation: Int8, value: String?, code: Int16)) throws
    {
        var cluster = try TestCluster()
        _ = try cluster.create([topic("t")])
        let before = cluster.controller.image
        let answers = try alter(&cluster, [resource(row.type, row.name, [(row.key, row.operation, row.value)])])
        #expect(answers.map(\.errorCode) == [row.code])
        #expect(answers.map(\.resourceName) == [row.name])
        #expect(cluster.controller.image == before)
    }

    @Test func whatIsNamedTwiceIsRefusedAndTheRestDone() throws {
        var cluster = try TestCluster()
        _ = try cluster.create([topic("a"), topic("b")])
        let change: [(String, Int8, String?)] = [("retention.ms", 0, "1")]
        let answers = try alter(
            &cluster,
            [
                resource(2, "a", change), resource(2, "b", change), resource(2, "a", change),
                resource(2, "b", change + change), resource(32, "a", []),
            ])
        #expect(answers.map(\.errorCode) == [42, 42, 42, 42, 0])
        let doubled = try alter(&cluster, [resource(2, "a", change + change)])
        #expect(doubled.map(\.errorMessage) == ["Error due to duplicate config keys"])
        #expect(stored(cluster, .topic("a")).isEmpty)
    }

    @Test func validationChangesNothing() throws {
        var cluster = try TestCluster()
        _ = try cluster.create([topic("t")])
        let answers = try alter(&cluster, [resource(2, "t", [("retention.ms", 0, "1")])], validateOnly: true)
        #expect(answers.map(\.errorCode) == [0])
        #expect(stored(cluster, .topic("t")).isEmpty)
    }

    @Test func brokersHaveSettingsOfTheirOwnAndOfAll() throws {
        var cluster = try TestCluster()
        _ = try alter(
            &cluster,
            [
                resource(4, "", [("log.retention.ms", 0, "6000"), ("no.such", 0, "x")]),
                resource(4, "1", [("log.retention.ms", 0, "5000")]),
            ])
        #expect(stored(cluster, .allBrokers)["log.retention.ms"] == "6000")
        #expect(stored(cluster, .allBrokers)["no.such"] == "x")
        #expect(stored(cluster, .broker(1)) == ["log.retention.ms": "5000"])
        #expect(cluster.controller.topicSettings.effective(.retentionMs).text == "5000")
        let created = try cluster.create([topic("t")])
        let retention = created[0].configs?.first { $0.name == "retention.ms" }
        #expect(retention?.value == "5000")
        #expect(retention?.configSource == ConfigurationSource.dynamicBroker.rawValue)
    }

    @Test func oneMinInSyncReplicasForAllBrokersCanBeChanged() throws {
        var cluster = try TestCluster()
        let answers = try alter(&cluster, [resource(4, "", [("min.insync.replicas", 0, "2")])])
        #expect(answers.map(\.errorCode) == [0])
        #expect(stored(cluster, .allBrokers) == ["min.insync.replicas": "2"])
    }

    @Test func replacingTakesBackWhatIsNotNamed() throws {
        var cluster = try TestCluster()
        _ = try cluster.create([topic("t", configs: [("retention.ms", "5"), ("max.message.bytes", "6")])])
        #expect(try replace(&cluster, 2, "t", [("retention.ms", "7")]) == [0])
        #expect(stored(cluster, .topic("t")) == ["retention.ms": "7"])
        #expect(try replace(&cluster, 2, "t", [("retention.ms", nil)]) == [42])
        #expect(try replace(&cluster, 2, "t", [("retention.ms", "x")]) == [40])
        #expect(try replace(&cluster, 2, "absent", []) == [3])
        #expect(try replace(&cluster, 99, "t", []) == [42])
        // Loggers have no stored settings that could be replaced.
        #expect(try replace(&cluster, 8, "1", [("root", "INFO")]) == [42])
        #expect(try replace(&cluster, 4, "", [("log.retention.ms", "7777")]) == [40])
        #expect(stored(cluster, .topic("t")) == ["retention.ms": "7"])
        #expect(try replace(&cluster, 2, "t", []) == [0])
        #expect(stored(cluster, .topic("t")).isEmpty)
    }

    @Test func loggersAreTheirOwnersAffair() throws {
        var cluster = try TestCluster()
        var asked: [String] = []
        let answers = try alter(
            &cluster,
            [resource(8, "1", [("root", 0, "INFO"), ("x", 0, "INFO")]), resource(8, "2", [("root", 0, "INFO")])]
        ) { name throws(ControllerError) in
            asked.append(name)
            if name == "x" { throw ControllerError(.invalidConfig, "Logger x does not exist!") }
        }
        #expect(answers.map(\.errorCode) == [40, 42])
        #expect(asked == ["root", "x"])
    }

    @Test func aValueIsShortEnoughToBeShown() throws {
        var cluster = try TestCluster()
        let long = String(repeating: "x", count: 32_768)
        let answers = try alter(&cluster, [resource(4, "1", [("no.such", 0, long)])])
        #expect(answers.map(\.errorCode) == [40])
    }
}
