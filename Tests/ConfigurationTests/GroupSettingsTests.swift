import Testing

@testable import Configuration

@Suite struct GroupSettingsTests {
    private let groups = GroupSettings(LiveSettings(settings: BrokerSettings()))

    /// Answers of Kafka 4.3.1.
    static let refused = [
        ("no.such", "1", "Unknown group config name: no.such"),
        (
            "consumer.session.timeout.ms", "10",
            "consumer.session.timeout.ms must be greater than or equal to group.consumer.min.session.timeout.ms"
        ),
        (
            "consumer.session.timeout.ms", "99999999",
            "consumer.session.timeout.ms must be less than or equal to group.consumer.max.session.timeout.ms"
        ),
        (
            "consumer.session.timeout.ms", "x",
            "Invalid value x for configuration consumer.session.timeout.ms: Not a number of type INT"
        ),
        (
            "share.record.lock.duration.ms", "1",
            "Invalid value 1 for configuration share.record.lock.duration.ms: Value must be at least 1000"
        ),
        (
            "share.delivery.count.limit", "100",
            "share.delivery.count.limit must be less than or equal to group.share.max.delivery.count.limit"
        ),
        (
            "share.isolation.level", "x",
            "Invalid value x for configuration share.isolation.level: String must be one of: read_committed, "
                + "read_uncommitted"
        ),
        (
            "streams.num.standby.replicas", "9",
            "streams.num.standby.replicas must be less than or equal to group.streams.max.standby.replicas"
        ),
        (
            "streams.initial.rebalance.delay.ms", "-1",
            "Invalid value -1 for configuration streams.initial.rebalance.delay.ms: Value must be at least 0"
        ),
    ]

    @Test(arguments: refused) func isRefused(_ name: String, _ value: String, _ message: String) {
        #expect(throws: SettingRefusal(message: message)) { try groups.check([name: value]) }
    }

    @Test(arguments: ["earliest", "latest", "by_duration:PT1H", "by_duration:P1DT2H3M4.5S", "by_duration:P2D"])
    func anOffsetResetIsTaken(_ text: String) throws {
        try groups.check(["share.auto.offset.reset": text])
    }

    @Test(arguments: [
        "never", "", "by_duration:", "by_duration:-PT1H", "by_duration:P", "by_duration:PT", "by_duration:PT1S1M",
        "by_duration:P1.5D", "by_duration:PTH", "by_duration:1H",
    ])
    func noOtherOffsetResetIs(_ text: String) {
        #expect(throws: SettingRefusal.self) { try groups.check(["share.auto.offset.reset": text]) }
    }

    @Test func aSessionOutlastsAHeartbeat() {
        let wide = GroupSettings(
            LiveSettings(
                settings: BrokerSettings(), cluster: ["group.consumer.max.heartbeat.interval.ms": "60000"]))
        #expect(throws: SettingRefusal.self) {
            try wide.check(["consumer.heartbeat.interval.ms": "50000", "consumer.session.timeout.ms": "50000"])
        }
    }

    @Test func theBrokerHasTheDefaults() throws {
        let groups = GroupSettings(
            LiveSettings(
                settings: BrokerSettings(), cluster: ["group.consumer.assignment.interval.ms": "2000"]))
        let described = groups.describe(["consumer.session.timeout.ms": "50000"])
        #expect(described.count == 17)
        let session = try #require(described.first { $0.name == "consumer.session.timeout.ms" })
        #expect(session.value == "50000")
        #expect(session.synonyms.map(\.name) == ["consumer.session.timeout.ms", "group.consumer.session.timeout.ms"])
        #expect(session.source == .group)
        let interval = try #require(described.first { $0.name == "consumer.assignment.interval.ms" })
        #expect(interval.value == "2000")
        #expect(interval.source == .dynamicDefaultBroker)
    }
}

@Suite struct ClientMetricsSettingsTests {
    @Test func aSubscriptionIsTaken() throws {
        try ClientMetricsSettings.check([
            "interval.ms": "60000", "metrics": "org.apache.kafka.consumer.,a.b",
            "match": "client_id=a[(].*,client_source_port=9092",
        ])
    }

    @Test(arguments: [
        ("interval.ms", "1"), ("interval.ms", "3600001"), ("x", "1"),
    ])
    func isNoRequest(_ name: String, _ value: String) {
        #expect {
            try ClientMetricsSettings.check([name: value])
        } throws: { error in
            if case ClientMetricsSettings.Refusal.request = error { true } else { false }
        }
    }

    @Test(arguments: [
        ("interval.ms", "x"), ("match", "nonsense"), ("match", "planet=x"), ("match", "client_id=("),
        ("match", "client_id=a=b"),
    ])
    func isNoValue(_ name: String, _ value: String) {
        #expect {
            try ClientMetricsSettings.check([name: value])
        } throws: { error in
            if case ClientMetricsSettings.Refusal.value = error { true } else { false }
        }
    }
}
