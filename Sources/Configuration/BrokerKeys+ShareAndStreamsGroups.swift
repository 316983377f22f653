extension BrokerKeys {
    static let shareAndStreamsGroups: [ConfigurationKey] = [
        int(
            "group.share.assignment.interval.ms", 1000, .atLeast(0), update: .clusterWide,
            about: "Milliseconds between two assignments of a share group."),
        int(
            "group.share.min.assignment.interval.ms", 0, .atLeast(0),
            about: "Smallest such interval that a group may set."),
        int(
            "group.share.max.assignment.interval.ms", 15_000, .atLeast(0),
            about: "Largest such interval that a group may set."),
        list("group.share.assignors", "simple", about: "Assignors of share groups."),
        int(
            "group.share.delivery.count.limit", 5, .between(2, 10),
            about: "How often a record is delivered before it is archived."),
        int(
            "group.share.min.delivery.count.limit", 2, .between(2, 5),
            about: "Smallest such limit that a group may set."),
        int(
            "group.share.max.delivery.count.limit", 10, .between(5, 25),
            about: "Largest such limit that a group may set."),
        int(
            "group.share.heartbeat.interval.ms", 5000, .atLeast(1),
            about: "Milliseconds between two heartbeats of a share consumer."),
        int(
            "group.share.min.heartbeat.interval.ms", 5000, .atLeast(1),
            about: "Smallest such interval that a group may set."),
        int(
            "group.share.max.heartbeat.interval.ms", 15_000, .atLeast(1),
            about: "Largest such interval that a group may set."),
        int(
            "group.share.partition.max.record.locks", 2000, .between(100, 10_000),
            about: "Records of a partition that may be in delivery."),
        int(
            "group.share.min.partition.max.record.locks", 100, .between(100, 2000),
            about: "Smallest such number that a group may set."),
        int(
            "group.share.max.partition.max.record.locks", 4000, .between(2000, 10_000),
            about: "Largest such number that a group may set."),
        int(
            "group.share.record.lock.duration.ms", 30_000, .between(1000, 3_600_000),
            about: "Milliseconds that a delivered record stays locked."),
        int(
            "group.share.min.record.lock.duration.ms", 15_000, .between(1000, 30_000),
            about: "Smallest such time that a group may set."),
        int(
            "group.share.max.record.lock.duration.ms", 60_000, .between(30_000, 3_600_000),
            about: "Largest such time that a group may set."),
        int(
            "group.share.session.timeout.ms", 45_000, .atLeast(1),
            about: "Milliseconds without a heartbeat after which a share consumer is out."),
        int(
            "group.share.min.session.timeout.ms", 45_000, .atLeast(1),
            about: "Smallest such time that a group may set."),
        int(
            "group.share.max.session.timeout.ms", 60_000, .atLeast(1),
            about: "Largest such time that a group may set."),
        int("group.share.max.share.sessions", 2000, .atLeast(1), about: "Share sessions on a broker."),
        int("group.share.max.size", 200, .between(1, 1000), about: "Members of a share group."),
        int(
            "group.streams.assignment.interval.ms", 1000, .atLeast(0), update: .clusterWide,
            about: "Milliseconds between two assignments of a streams group."),
        int(
            "group.streams.min.assignment.interval.ms", 0, .atLeast(0),
            about: "Smallest such interval that a group may set."),
        int(
            "group.streams.max.assignment.interval.ms", 15_000, .atLeast(0),
            about: "Largest such interval that a group may set."),
        int(
            "group.streams.heartbeat.interval.ms", 5000, .atLeast(1),
            about: "Milliseconds between two heartbeats of a streams member."),
        int(
            "group.streams.min.heartbeat.interval.ms", 5000, .atLeast(1),
            about: "Smallest such interval that a group may set."),
        int(
            "group.streams.max.heartbeat.interval.ms", 15_000, .atLeast(1),
            about: "Largest such interval that a group may set."),
        int(
            "group.streams.session.timeout.ms", 45_000, .atLeast(1),
            about: "Milliseconds without a heartbeat after which a streams member is out."),
        int(
            "group.streams.min.session.timeout.ms", 45_000, .atLeast(1),
            about: "Smallest such time that a group may set."),
        int(
            "group.streams.max.session.timeout.ms", 60_000, .atLeast(1),
            about: "Largest such time that a group may set."),
        int(
            "group.streams.initial.rebalance.delay.ms", 3000, .atLeast(0),
            about: "Milliseconds that a new streams group waits for members."),
        int("group.streams.max.size", 2_147_483_647, .atLeast(1), about: "Members of a streams group."),
        int("group.streams.num.standby.replicas", 0, .atLeast(0), about: "Standby replicas of each task."),
        int(
            "group.streams.max.standby.replicas", 2, .atLeast(0),
            about: "Largest number of them that a group may set."),
    ].withoutEffect
}
