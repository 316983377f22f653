extension BrokerKeys {
    static let groups = offsets + classicAndConsumerGroups + kafkasOwnOfGroups.withoutEffect

    private static let offsets: [ConfigurationKey] = [
        int("offsets.topic.num.partitions", 50, .atLeast(1), about: "Partitions of __consumer_offsets."),
        short("offsets.topic.replication.factor", 3, .atLeast(1), about: "Replicas of __consumer_offsets."),
        int("offsets.topic.segment.bytes", 104_857_600, .atLeast(1), about: "Segment size of __consumer_offsets."),
        int(
            "offsets.retention.minutes", 10_080, .atLeast(1),
            about: "Minutes that the offsets of an empty group are kept."),
        long(
            "offsets.retention.check.interval.ms", 600_000, .atLeast(1),
            about: "Milliseconds between two looks for old offsets."),
        int("offset.metadata.max.bytes", 4096, about: "Bytes of metadata that a committed offset may carry."),
    ]

    private static let classicAndConsumerGroups: [ConfigurationKey] = [
        int("group.min.session.timeout.ms", 6000, about: "Smallest session timeout of a classic member."),
        int("group.max.session.timeout.ms", 1_800_000, about: "Largest session timeout of a classic member."),
        int(
            "group.initial.rebalance.delay.ms", 3000,
            about: "Milliseconds that a new classic group waits for members."),
        int("group.max.size", 2000, .atLeast(1), about: "Members of a classic group."),
        list(
            "group.coordinator.rebalance.protocols",
            "classic,consumer,streams",
            .someElements(["consumer", "classic", "share", "streams"]),
            about: "Group protocols that are served."),
        int(
            "group.consumer.assignment.interval.ms", 1000, .atLeast(0), update: .clusterWide,
            about: "Milliseconds between two assignments of a consumer group."),
        int(
            "group.consumer.min.assignment.interval.ms", 0, .atLeast(0),
            about: "Smallest such interval that a group may set."),
        int(
            "group.consumer.max.assignment.interval.ms", 15_000, .atLeast(0),
            about: "Largest such interval that a group may set."),
        list("group.consumer.assignors", "uniform,range", about: "Assignors of consumer groups, the default first."),
        int(
            "group.consumer.heartbeat.interval.ms", 5000, .atLeast(1),
            about: "Milliseconds between two heartbeats of a consumer."),
        int(
            "group.consumer.min.heartbeat.interval.ms", 5000, .atLeast(1),
            about: "Smallest such interval that a group may set."),
        int(
            "group.consumer.max.heartbeat.interval.ms", 15_000, .atLeast(1),
            about: "Largest such interval that a group may set."),
        int(
            "group.consumer.session.timeout.ms", 45_000, .atLeast(1),
            about: "Milliseconds without a heartbeat after which a consumer is out."),
        int(
            "group.consumer.min.session.timeout.ms", 45_000, .atLeast(1),
            about: "Smallest such time that a group may set."),
        int(
            "group.consumer.max.session.timeout.ms", 60_000, .atLeast(1),
            about: "Largest such time that a group may set."),
        int("group.consumer.max.size", 2_147_483_647, .atLeast(1), about: "Members of a consumer group."),
        string(
            "group.consumer.migration.policy",
            "bidirectional",
            .oneOfIgnoringCase(["DISABLED", "DOWNGRADE", "UPGRADE", "BIDIRECTIONAL"]),
            about: "Which conversions between classic and consumer groups are allowed."),
    ]

    /// What only means something to Kafka's way of running coordinators.
    private static let kafkasOwnOfGroups: [ConfigurationKey] = [
        int("offsets.topic.compression.codec", 0, about: "Codec of __consumer_offsets."),
        int("offsets.load.buffer.size", 5_242_880, .atLeast(1), about: "Bytes read at a time when offsets are loaded."),
        int(
            "offsets.commit.timeout.ms", 5000, .atLeast(1),
            about: "Milliseconds that a commit waits for its replicas."),
        int("group.coordinator.threads", 4, .atLeast(1), about: "Threads of Kafka's group coordinator."),
        int(
            "group.coordinator.background.threads", 2, .atLeast(1),
            about: "Threads for regular expressions and assignments."),
        int(
            "group.coordinator.append.linger.ms", -1, .atLeast(-1),
            about: "Milliseconds to gather records before a write; -1: adaptive."),
        int(
            "group.coordinator.cached.buffer.max.bytes", 1_048_588, .atLeast(524_288), update: .clusterWide,
            about: "Largest buffer that is kept for reuse."),
    ]
}
