/// A key of a consumer, share or streams group.
public struct GroupKey: Sendable {
    /// Type, default, range and documentation.
    public private(set) var definition: ConfigurationKey
    /// The broker's key that sets the default.
    let brokerKey: String?
    /// The broker's keys that bound what a group may set.
    let least: String?
    let most: String?

    public var name: String { definition.name }

    /// All of them, in the order of their names.
    public static let all: [GroupKey] = (consumer + share + streams).sorted { $0.name < $1.name }

    public static func key(_ name: String) -> GroupKey? { byName[name] }

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    private static let consumer = [
        interval("consumer.assignment.interval.ms", .atLeast(0), about: "Milliseconds between two assignments."),
        interval("consumer.heartbeat.interval.ms", .atLeast(1), about: "Milliseconds between two heartbeats."),
        interval(
            "consumer.session.timeout.ms", .atLeast(1),
            about: "Milliseconds without a heartbeat after which a member is out."),
    ]

    private static let share = [
        interval("share.assignment.interval.ms", .atLeast(0), about: "Milliseconds between two assignments."),
        interval("share.heartbeat.interval.ms", .atLeast(1), about: "Milliseconds between two heartbeats."),
        interval(
            "share.session.timeout.ms", .atLeast(1),
            about: "Milliseconds without a heartbeat after which a member is out."),
        interval(
            "share.record.lock.duration.ms", .between(1000, 3_600_000),
            about: "Milliseconds that a delivered record stays locked."),
        interval(
            "share.delivery.count.limit", .atLeast(2), about: "How often a record is delivered before it is archived."),
        interval(
            "share.partition.max.record.locks", .between(100, 10_000),
            about: "Records of a partition that may be in delivery."),
        GroupKey(
            string(
                "share.auto.offset.reset", "latest", .offsetReset, update: .clusterWide,
                about: "Where a new group begins: earliest, latest, or a duration back.")),
        GroupKey(
            string(
                "share.isolation.level", "read_uncommitted", .oneOf(["read_committed", "read_uncommitted"]),
                update: .clusterWide, about: "Whether records of open and aborted transactions are delivered.")),
        GroupKey(
            boolean(
                "share.renew.acknowledge.enable", true, update: .clusterWide,
                about: "Whether consumers may renew the lock of a record.")),
    ]

    private static let streams = [
        interval("streams.assignment.interval.ms", .atLeast(0), about: "Milliseconds between two assignments."),
        interval("streams.heartbeat.interval.ms", .atLeast(1), about: "Milliseconds between two heartbeats."),
        interval(
            "streams.session.timeout.ms", .atLeast(1),
            about: "Milliseconds without a heartbeat after which a member is out."),
        interval(
            "streams.initial.rebalance.delay.ms", .atLeast(0),
            about: "Milliseconds that a new group waits for members.", isBounded: false),
        GroupKey(
            number("streams.num.standby.replicas", .atLeast(0), about: "Standby replicas of each task."),
            brokerKey: "group.streams.num.standby.replicas", most: "group.streams.max.standby.replicas"),
    ]

    private init(_ definition: ConfigurationKey, brokerKey: String? = nil, least: String? = nil, most: String? = nil) {
        self.definition = definition
        self.definition.hasEffect = definition.name.hasPrefix("consumer.")
        self.brokerKey = brokerKey
        self.least = least
        self.most = most
    }

    /// A number of which the broker has the default and, in keys named after it, the bounds.
    private static func interval(
        _ name: String, _ allowed: AllowedValues, about summary: String, isBounded: Bool = true
    ) -> GroupKey {
        let kind = name.prefix { $0 != "." }
        let rest = name.dropFirst(kind.count + 1)
        return GroupKey(
            number(name, allowed, about: summary), brokerKey: "group.\(name)",
            least: isBounded ? "group.\(kind).min.\(rest)" : nil, most: isBounded ? "group.\(kind).max.\(rest)" : nil)
    }

    private static func number(_ name: String, _ allowed: AllowedValues, about summary: String) -> ConfigurationKey {
        let standard = BrokerKeys.key("group.\(name)")?.defaultValue?.integer
        return int(name, standard, allowed, update: .clusterWide, about: summary)
    }
}
