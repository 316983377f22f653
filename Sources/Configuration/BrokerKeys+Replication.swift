extension BrokerKeys {
    static let replication: [ConfigurationKey] = [
        boolean(
            "unclean.leader.election.enable", false, update: .clusterWide,
            about: "Whether a replica that may lack acknowledged records may lead."),
        boolean(
            "auto.leader.rebalance.enable", true,
            about: "Whether leadership goes back to the preferred replica by itself."),
        long("leader.imbalance.check.interval.seconds", 300, .atLeast(1), about: "Seconds between two such looks."),
        boolean(
            "controlled.shutdown.enable", true,
            about: "Whether a stopping broker hands its leaderships over first."),
        int("broker.heartbeat.interval.ms", 2000, about: "Milliseconds between two signs of life to the controller."),
        int("broker.session.timeout.ms", 9000, about: "Milliseconds without one after which a broker is fenced."),
        int(
            "initial.broker.registration.timeout.ms", 60_000,
            about: "Milliseconds that a starting broker tries to register."),
        int("controller.socket.timeout.ms", 30_000, about: "Milliseconds that a request to the controller may take."),
        string("inter.broker.listener.name", nil, about: "Listener that brokers use among themselves."),
        string(
            "security.inter.broker.protocol", "PLAINTEXT", .oneOf(["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]),
            about: "Protocol that brokers use among themselves, when no listener is named."),
        int("replica.fetch.backoff.ms", 1000, .atLeast(0), about: "Milliseconds before a failed fetch is tried again."),
        int("replica.fetch.max.bytes", 1_048_576, .atLeast(0), about: "Bytes to fetch for one partition."),
        int("replica.fetch.min.bytes", 1, about: "Bytes that a follower waits for."),
        int("replica.fetch.response.max.bytes", 10_485_760, .atLeast(0), about: "Bytes to fetch in one answer."),
        int("replica.fetch.wait.max.ms", 500, about: "Milliseconds that a follower waits for them."),
        long(
            "replica.high.watermark.checkpoint.interval.ms", 5000,
            about: "Milliseconds between two checkpoints of the high watermarks."),
        long(
            "replica.lag.time.max.ms", 30_000,
            about: "Milliseconds behind the leader after which a follower leaves the ISR."),
        string("replica.selector.class", nil, about: "How a replica to read from is chosen for a consumer."),
        int("replica.socket.receive.buffer.bytes", 65_536, about: "Receive buffer of a follower's socket."),
        int("replica.socket.timeout.ms", 30_000, about: "Milliseconds that a follower's request may take."),
        int(
            "num.replica.fetchers", 1, .atLeast(1), update: .clusterWide,
            about: "Connections from a follower to each leader."),
        int("num.replica.alter.log.dirs.threads", nil, about: "Threads that move replicas between directories."),
        int("request.timeout.ms", 30_000, about: "Milliseconds that a request between brokers may take."),
        int(
            "num.network.threads", 3, .atLeast(1), update: .clusterWide,
            about: "Kafka's network threads; martlet.shards counts here."),
        int(
            "num.io.threads", 8, .atLeast(1), update: .clusterWide,
            about: "Kafka's request threads; martlet.shards counts here."),
        int(
            "num.recovery.threads.per.data.dir", 2, .atLeast(1), update: .clusterWide,
            about: "Threads that recover logs at the start."),
        int("background.threads", 10, .atLeast(1), update: .clusterWide, about: "Kafka's background threads."),
        long(
            "log.dir.failure.timeout.ms", 30_000, .atLeast(1),
            about: "Milliseconds after which a broker whose leaderships cannot move away stops."),
        int(
            "producer.purgatory.purge.interval.requests", 1000,
            about: "Size of Kafka's table of waiting produces before it is purged."),
        int(
            "fetch.purgatory.purge.interval.requests", 1000,
            about: "Size of Kafka's table of waiting fetches before it is purged."),
        int(
            "share.fetch.purgatory.purge.interval.requests", 1000,
            about: "Size of Kafka's table of waiting share fetches before it is purged."),
        int(
            "delete.records.purgatory.purge.interval.requests", 1,
            about: "Size of Kafka's table of waiting deletions before it is purged."),
        long(
            "leader.replication.throttled.rate", Int64.max, .atLeast(0), update: .clusterWide,
            about: "Bytes in a second that a leader sends for throttled replicas."),
        long(
            "follower.replication.throttled.rate", Int64.max, .atLeast(0), update: .clusterWide,
            about: "Bytes in a second that a follower takes for throttled replicas."),
        list(
            "early.start.listeners", nil,
            about: "Listeners that open before the broker knows the cluster's metadata."),
    ].withoutEffect
}
