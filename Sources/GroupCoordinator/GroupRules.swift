public import Bytes
public import Configuration

/// What the broker's and the groups' settings say about groups. Times are milliseconds.
public struct GroupRules: Sendable {
    public var minimumSessionTimeout: Int64 = 6_000
    public var maximumSessionTimeout: Int64 = 1_800_000
    public var initialRebalanceDelay: Int64 = 3_000
    public var maximumSize = 2_000

    public var maximumMetadataBytes = 4_096
    public var offsetRetention: Int64 = 10_080 * 60_000
    public var offsetExpiryInterval: Int64 = 600_000

    public var servesConsumerProtocol = true
    public var assignors: [Name] = ["uniform", "range"]
    public var maximumConsumerSize = Int(Int32.max)
    public var migration = Migration.bidirectional
    public var patternRefreshInterval: Int64 = 600_000
    private var consumerDefaults = ConsumerTimes()
    private var consumerTimes: [Name: ConsumerTimes] = [:]

    /// Which way a group may change from one protocol to the other while it has members.
    public enum Migration: String, Sendable {
        case disabled
        case upgrade
        case downgrade
        case bidirectional

        var upgrades: Bool { self == .upgrade || self == .bidirectional }
        var downgrades: Bool { self == .downgrade || self == .bidirectional }
    }

    /// What a group of the consumer protocol may have of its own.
    public struct ConsumerTimes: Sendable, Equatable {
        public var heartbeatInterval: Int64 = 5_000
        public var sessionTimeout: Int64 = 45_000
        public var assignmentInterval: Int64 = 1_000
    }

    /// Kafka's defaults.
    public init() {}

    public init(_ live: LiveSettings, groups: [Name: [String: String]]) {
        func number(_ name: String, _ standard: Int64) -> Int64 {
            live.text(of: name).flatMap { Int64($0) } ?? standard
        }
        minimumSessionTimeout = number("group.min.session.timeout.ms", minimumSessionTimeout)
        maximumSessionTimeout = number("group.max.session.timeout.ms", maximumSessionTimeout)
        initialRebalanceDelay = number("group.initial.rebalance.delay.ms", initialRebalanceDelay)
        maximumSize = Int(number("group.max.size", Int64(maximumSize)))
        maximumMetadataBytes = Int(number("offset.metadata.max.bytes", Int64(maximumMetadataBytes)))
        offsetRetention =
            number("offsets.retention.minutes", 10_080).multipliedReportingOverflow(by: 60_000).partialValue
        offsetExpiryInterval = number("offsets.retention.check.interval.ms", offsetExpiryInterval)
        maximumConsumerSize = Int(number("group.consumer.max.size", Int64(maximumConsumerSize)))
        if let text = live.text(of: "group.consumer.assignors") { assignors = GroupRules.list(text).map { Name($0) } }
        if let text = live.text(of: "group.coordinator.rebalance.protocols") {
            servesConsumerProtocol = GroupRules.list(text).contains("consumer")
        }
        if let text = live.text(of: "group.consumer.migration.policy") {
            migration = Migration(rawValue: text.lowercased()) ?? migration
        }
        consumerDefaults.heartbeatInterval = number("group.consumer.heartbeat.interval.ms", 5_000)
        consumerDefaults.sessionTimeout = number("group.consumer.session.timeout.ms", 45_000)
        consumerDefaults.assignmentInterval = number("group.consumer.assignment.interval.ms", 1_000)
        for (group, own) in groups {
            var times = consumerDefaults
            func read(_ name: String, into value: inout Int64) {
                if let text = own[name], let number = Int64(text) { value = number }
            }
            read("consumer.heartbeat.interval.ms", into: &times.heartbeatInterval)
            read("consumer.session.timeout.ms", into: &times.sessionTimeout)
            read("consumer.assignment.interval.ms", into: &times.assignmentInterval)
            if times != consumerDefaults { consumerTimes[group] = times }
        }
    }

    public func consumerTimes(of group: Name) -> ConsumerTimes { consumerTimes[group] ?? consumerDefaults }

    private static func list(_ text: String) -> [String] {
        text.split(separator: ",").map { part in
            String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
    }
}
