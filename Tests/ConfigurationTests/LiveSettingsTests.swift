import Testing

@testable import Configuration

@Suite struct LiveSettingsTests {
    private func live(
        _ set: [(String, String)] = [], broker: [String: String] = [:], cluster: [String: String] = [:]
    ) throws -> LiveSettings {
        var input = ConfigurationInput()
        input.arguments = set.map { ConfigurationInput.Argument(key: $0.0, value: $0.1) }
        return LiveSettings(settings: try BrokerSettings(input), broker: broker, cluster: cluster)
    }

    private func described(_ name: String, _ live: LiveSettings) throws -> SettingDescription {
        try #require(live.describe().first { $0.name == name })
    }

    private func sources(_ description: SettingDescription) -> [String] {
        description.synonyms.map { "\($0.name)=\($0.value ?? "-") \($0.source)" }
    }

    // MARK: Descriptions, as Kafka 4.3.1 gives them

    @Test func everyPlaceThatNamesAKeyIsListedStrongestFirst() throws {
        let live = try live(
            [("log.cleaner.backoff.ms", "14")], broker: ["log.cleaner.backoff.ms": "12"],
            cluster: ["log.cleaner.backoff.ms": "13"])
        let description = try described("log.cleaner.backoff.ms", live)
        #expect(description.value == "12")
        #expect(description.source == .dynamicBroker)
        #expect(
            sources(description) == [
                "log.cleaner.backoff.ms=12 dynamicBroker", "log.cleaner.backoff.ms=13 dynamicDefaultBroker",
                "log.cleaner.backoff.ms=14 staticBroker", "log.cleaner.backoff.ms=15000 defaultValue",
            ])
    }

    @Test func keysThatSayTheSameInOtherUnitsAreListedBehindTheKeyItself() throws {
        let set = try described("log.retention.ms", live(cluster: ["log.retention.ms": "5"]))
        #expect(sources(set) == ["log.retention.ms=5 dynamicDefaultBroker", "log.retention.hours=168 defaultValue"])
        let unset = try described("log.retention.ms", live())
        #expect(unset.value == nil)
        #expect(unset.synonyms.isEmpty)
        #expect(unset.source == .defaultValue)
    }

    @Test func whatMayBeASecretIsNotShown() throws {
        let live = try live(broker: ["sasl.jaas.config": "secret", "no.such": "secret"])
        for name in ["sasl.jaas.config", "no.such"] {
            let description = try described(name, live)
            #expect(description.value == nil)
            #expect(description.isSensitive)
            #expect(description.source == .dynamicBroker)
            #expect(description.synonyms.allSatisfy { $0.value == nil })
        }
        #expect(try described("no.such", live).type == nil)
    }

    @Test func onlyWhatWasSetForAllBrokersIsAClusterDefault() throws {
        let live = try live(
            [("message.max.bytes", "7")], broker: ["message.max.bytes": "6"],
            cluster: ["message.max.bytes": "5", "max.connections": "4"])
        let described = live.describeClusterDefaults()
        #expect(described.map(\.name) == ["max.connections", "message.max.bytes"])
        #expect(described.map(\.value) == ["4", "5"])
        #expect(described.allSatisfy { $0.source == .dynamicDefaultBroker && $0.synonyms.count == 1 })
    }

    @Test func aTopicsSettingNamesItselfThenTheBrokersKey() throws {
        let live = try live(cluster: ["message.max.bytes": "5"])
        let places = TopicSettings(settings: live.settings, cluster: live.cluster)
        let own = places.describe(.maxMessageBytes, topic: ["max.message.bytes": "4"])
        #expect(
            sources(own) == [
                "max.message.bytes=4 topic", "message.max.bytes=5 dynamicDefaultBroker",
                "message.max.bytes=1048588 defaultValue",
            ])
        #expect(own.source == .topic)
        // The broker's key for milliseconds has no value, so that for hours counts and is not named.
        #expect(sources(places.describe(.retentionMs, topic: ["retention.ms": "1"])) == ["retention.ms=1 topic"])
    }

    @Test func valuesAreShownAsKafkaShowsThem() throws {
        let places = TopicSettings(settings: BrokerSettings())
        let policy = places.describe(.cleanupPolicy, topic: ["cleanup.policy": "delete, compact"])
        #expect(policy.value == "delete,compact")
        #expect(places.describe(.preallocate, topic: ["preallocate": "TRUE"]).value == "true")
        #expect(places.describe(.retentionMs, topic: ["retention.ms": " 5 "]).value == "5")
    }

    // MARK: What may be set

    static let refused: [(key: String, value: String, isForAll: Bool, message: String)] = [
        ("log.retention.hours", "3", false, "Cannot update these configs dynamically: [log.retention.hours]"),
        (
            "ssl.keystore.location", "/x", false,
            "These security configs can be dynamically updated only per-listener using the listener prefix: "
                + "[ssl.keystore.location]"
        ),
        (
            "sasl.jaas.config", "x", true,
            "Cannot update these configs at default cluster level, broker id must be specified: [sasl.jaas.config]"
        ),
        (
            "num.io.threads", "100", false,
            "Dynamic thread count update validation failed for num.io.threads=100, value should not be greater than "
                + "double the current value 8"
        ),
        (
            "num.io.threads", "3", true,
            "Dynamic thread count update validation failed for num.io.threads=3, value should be at least half the "
                + "current value 8"
        ),
        (
            "num.io.threads", "0", false,
            "Invalid value 0 for configuration num.io.threads: Value must be at least 1"
        ),
        (
            "log.retention.ms", "abc", false,
            "Invalid value abc for configuration log.retention.ms: Not a number of type LONG"
        ),
        (
            "log.cleaner.dedupe.buffer.size", "1000", false,
            "log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread."
        ),
        (
            "max.connections.per.ip", "0", false,
            "max.connections.per.ip can be set to zero only if max.connections.per.ip.overrides property is set."
        ),
        (
            "max.connections.per.ip.overrides", "x", false,
            "max.connections.per.ip.overrides: x is not address:count"
        ),
        (
            "cordoned.log.dirs", "/nowhere", false,
            "All entries in cordoned.log.dirs must be present in log.dirs or log.dir. Missing entries: /nowhere"
        ),
    ]

    @Test(arguments: refused)
    func isRefused(_ row: (key: String, value: String, isForAll: Bool, message: String)) throws {
        let live = try live()
        #expect(throws: SettingRefusal(message: row.message)) {
            try live.check([row.key: row.value], isForAllBrokers: row.isForAll)
        }
    }

    @Test func whatGoesTogetherIsCheckedAsAWhole() throws {
        let live = try live(cluster: ["log.cleaner.max.compaction.lag.ms": "5"])
        #expect(throws: SettingRefusal.self) {
            try live.check(["log.cleaner.min.compaction.lag.ms": "6"], isForAllBrokers: false)
        }
        try live.check(["log.cleaner.min.compaction.lag.ms": "5"], isForAllBrokers: false)
    }

    @Test func unknownNamesAndThoseOfListenersAreTaken() throws {
        let live = try live()
        try live.check(
            ["no.such": "1", "listener.name.plaintext.ssl.keystore.location": "/y", "cordoned.log.dirs": "*"],
            isForAllBrokers: false)
        #expect(throws: SettingRefusal.self) {
            try live.check(["listener.name.plaintext.ssl.keystore.location": "/y"], isForAllBrokers: true)
        }
    }

    // MARK: What they change

    @Test func aBrokerRunsByWhatWasSetAtRunTime() throws {
        let configuration = try BrokerConfiguration()
        let live = LiveSettings(
            settings: configuration.settings, broker: ["max.connections": "5"],
            cluster: [
                "max.connections": "6", "producer.id.expiration.ms": "7",
                "max.connections.per.ip.overrides": "10.0.0.1:3",
                "no.such": "1", "max.connection.creation.rate": "no number",
            ])
        let altered = configuration.altered(by: live)
        #expect(altered.network.maximumConnections == 5)
        #expect(altered.network.connectionOverrides == ["10.0.0.1": 3])
        #expect(altered.network.maximumConnectionRate == configuration.network.maximumConnectionRate)
        #expect(altered.logs.producerIdExpiration == 7)
        #expect(altered.settings.written.isEmpty)
    }
}
