import Testing

@testable import Configuration

@Suite struct ConfigurationKeyTests {
    @Test func everyDefaultIsAllowed() {
        for key in BrokerKeys.all { _ = key.defaultValue }
        for key in TopicKey.allCases { #expect(key.definition.defaultValue != nil, "\(key.name)") }
    }

    @Test func everyKeyIsDocumented() {
        let keys = BrokerKeys.all + TopicKey.allCases.map(\.definition)
        for key in keys {
            #expect(key.documentation.hasSuffix("."), "\(key.name)")
            #expect(key.hasEffect != key.documentation.hasSuffix("without effect."), "\(key.name)")
        }
        #expect(BrokerKeys.all.map(\.name) == BrokerKeys.all.map(\.name).sorted())
    }

    @Test func aTopicsDefaultIsThatOfItsBrokerKeys() throws {
        for key in TopicKey.allCases {
            guard
                let strongest = key.brokerKeys.lazy.compactMap({ broker in
                    BrokerKeys.key(broker.name)?.defaultText.map(broker.topicText)
                }).first
            else { continue }
            #expect(key.definition.defaultText == strongest, "\(key.name)")
        }
    }

    @Test func everyBrokerKeyOfATopicExists() {
        for key in TopicKey.allCases {
            for broker in key.brokerKeys { #expect(BrokerKeys.key(broker.name) != nil, "\(broker.name)") }
        }
    }

    @Test(arguments: [
        ("cleanup.policy", "delete"), ("cleanup.policy", "delete, compact"), ("cleanup.policy", ""),
        ("cleanup.policy", "compact,compact"), ("compression.gzip.level", "-1"), ("compression.gzip.level", "9"),
        ("compression.lz4.level", "17"), ("compression.zstd.level", "-131072"), ("retention.ms", " 5 "),
        ("retention.ms", "+5"), ("retention.ms", "9223372036854775807"), ("retention.bytes", "-2"),
        ("segment.bytes", "2147483647"), ("max.message.bytes", "0"), ("min.cleanable.dirty.ratio", "1e-1"),
        ("preallocate", "TRUE"), ("follower.replication.throttled.replicas", "*"),
        ("follower.replication.throttled.replicas", "0:1,1:1"), ("compression.type", " gzip "),
    ])
    func takes(_ name: String, _ value: String) throws {
        _ = try #require(TopicKey(rawValue: name)).definition.parse(value)
    }

    @Test(arguments: [
        ("cleanup.policy", "compress", "String must be one of: compact, delete"),
        ("cleanup.policy", "DELETE", "String must be one of: compact, delete"),
        ("cleanup.policy", "delete,,compact", "String must be one of: compact, delete"),
        (
            "compression.type", "GZIP",
            "String must be one of: uncompressed, zstd, lz4, snappy, gzip, producer"
        ),
        ("compression.gzip.level", "0", "Value must be between 1 and 9 or equal to -1"),
        ("compression.lz4.level", "18", "Value must be no more than 17"),
        ("compression.zstd.level", "23", "Value must be no more than 22"),
        ("retention.ms", "abc", "Not a number of type LONG"),
        ("retention.ms", "9223372036854775808", "Not a number of type LONG"),
        ("retention.ms", "1.5", "Not a number of type LONG"),
        ("retention.ms", "", "Not a number of type LONG"),
        ("segment.bytes", "1048575", "Value must be at least 1048576"),
        ("segment.bytes", "2147483648", "Not a number of type INT"),
        ("min.cleanable.dirty.ratio", "1.1", "Value must be no more than 1"),
        ("min.cleanable.dirty.ratio", "-0.1", "Value must be at least 0"),
        ("min.cleanable.dirty.ratio", "nan", "Not a number of type DOUBLE"),
        ("preallocate", "yes", "Expected value to be either true or false"),
    ])
    func refuses(_ name: String, _ value: String, _ reason: String) throws {
        let key = try #require(TopicKey(rawValue: name)).definition
        let expected = InvalidConfigurationValue(key: name, value: value, reason: reason)
        #expect(throws: expected) { try key.parse(value) }
        #expect(expected.message == "Invalid value \(value) for configuration \(name): \(reason)")
    }

    @Test(arguments: ["x", "0:1:2", "0:", ":1", "*,0:1", "-1:1", "0:99999999999"])
    func refusesThrottledReplicas(_ value: String) {
        #expect(throws: InvalidConfigurationValue.self) {
            try TopicKey.leaderReplicationThrottledReplicas.definition.parse(value)
        }
    }

    @Test func repeatedElementsCountOnce() throws {
        #expect(try TopicKey.cleanupPolicy.definition.parse("compact,compact") == .list(["compact"]))
    }

    @Test func anInvalidSecretIsNotShown() throws {
        let key = try #require(BrokerKeys.key("ssl.keystore.password"))
        #expect(key.isSensitive)
        #expect(try key.parse(" x ") == .text(" x "))
    }
}
