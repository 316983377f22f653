extension BrokerKeys {
    static let quotas: [ConfigurationKey] = [
        int("quota.window.num", 11, .atLeast(1), about: "Samples that quotas are measured over."),
        int("quota.window.size.seconds", 1, .atLeast(1), about: "Seconds of one sample."),
        int(
            "controller.quota.window.num", 11, .atLeast(1),
            about: "Samples that controller mutations are measured over."),
        int("controller.quota.window.size.seconds", 1, .atLeast(1), about: "Seconds of one sample."),
        long(
            "replica.alter.log.dirs.io.max.bytes.per.second", Int64.max, .atLeast(0), update: .clusterWide,
            about: "Bytes in a second for moves between directories, of the broker in all."),
    ]

    static let operations: [ConfigurationKey] = [
        int("socket.send.buffer.bytes", 102_400, about: "Size of a socket's send buffer; -1: the system's."),
        int(
            "replication.quota.window.num", 11, .atLeast(1),
            about: "Samples that replication quotas are measured over."),
        int("replication.quota.window.size.seconds", 1, .atLeast(1), about: "Seconds of one sample."),
        int(
            "alter.log.dirs.replication.quota.window.num", 11, .atLeast(1),
            about: "Samples for moves between directories."),
        int("alter.log.dirs.replication.quota.window.size.seconds", 1, .atLeast(1), about: "Seconds of one sample."),
        className("client.quota.callback.class", about: "Class that decides quotas."),
        className("create.topic.policy.class.name", about: "Class that may refuse a new topic."),
        className("alter.config.policy.class.name", about: "Class that may refuse a change of configuration."),
        list(
            "config.providers", "", update: .clusterWide,
            about: "Providers that fill variables in configuration values."),
        list(
            "metric.reporters", "org.apache.kafka.common.metrics.JmxReporter", update: .clusterWide,
            about: "Classes that report metrics."),
        int("metrics.num.samples", 2, .atLeast(1), about: "Samples that metrics are computed from."),
        long("metrics.sample.window.ms", 30_000, .atLeast(1), about: "Milliseconds of one sample."),
        string("metrics.recording.level", "INFO", about: "How much is measured."),
        list("kafka.metrics.reporters", "", about: "Classes that report Kafka's older metrics."),
        int("kafka.metrics.polling.interval.secs", 10, .atLeast(1), about: "Seconds between two reports."),
        int("telemetry.max.bytes", 1_048_576, .atLeast(1), about: "Largest telemetry that a client may push."),
        password("delegation.token.secret.key", about: "Key that delegation tokens are made with."),
        long(
            "delegation.token.max.lifetime.ms", 604_800_000, .atLeast(1),
            about: "Longest life of a delegation token."),
        long(
            "delegation.token.expiry.time.ms", 86_400_000, .atLeast(1),
            about: "Milliseconds until a token must be renewed."),
        long(
            "delegation.token.expiry.check.interval.ms", 3_600_000, .atLeast(1),
            about: "Milliseconds between two looks for expired tokens."),
        long(
            "socket.connection.setup.timeout.ms", 10_000,
            about: "Milliseconds that a connection to another broker may take."),
        long("socket.connection.setup.timeout.max.ms", 30_000, about: "Longest such time after failures."),
    ].withoutEffect
}
