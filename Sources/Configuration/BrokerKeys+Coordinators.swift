extension BrokerKeys {
    static let coordinators: [ConfigurationKey] = [
        int(
            "transaction.max.timeout.ms", 900_000, .atLeast(1),
            about: "Longest transaction that a producer may ask for."),
        int(
            "transactional.id.expiration.ms", 604_800_000, .atLeast(1),
            about: "Milliseconds after which an unused transactional id is forgotten."),
        int("transaction.state.log.num.partitions", 50, .atLeast(1), about: "Partitions of __transaction_state."),
        short("transaction.state.log.replication.factor", 3, .atLeast(1), about: "Replicas of __transaction_state."),
        int("transaction.state.log.min.isr", 2, .atLeast(1), about: "min.insync.replicas of __transaction_state."),
        int(
            "transaction.state.log.segment.bytes", 104_857_600, .atLeast(1),
            about: "Segment size of __transaction_state."),
        int(
            "transaction.state.log.load.buffer.size", 5_242_880, .atLeast(1),
            about: "Bytes read at a time when transactions are loaded."),
        int(
            "transaction.abort.timed.out.transaction.cleanup.interval.ms", 10_000, .atLeast(1),
            about: "Milliseconds between two looks for overdue transactions."),
        int(
            "transaction.remove.expired.transaction.cleanup.interval.ms", 3_600_000, .atLeast(1),
            about: "Milliseconds between two looks for unused transactional ids."),
        boolean(
            "transaction.partition.verification.enable", true, update: .clusterWide,
            about: "Whether a transactional batch is checked against its coordinator."),
        boolean(
            "transaction.two.phase.commit.enable", false,
            about: "Whether producers may prepare transactions of their own."),
        int(
            "add.partitions.to.txn.retry.backoff.ms", 20, .atLeast(1),
            about: "Milliseconds before a verification is tried again."),
        int(
            "add.partitions.to.txn.retry.backoff.max.ms", 100, .atLeast(0),
            about: "Milliseconds of trying after which it fails."),
        int(
            "share.coordinator.state.topic.num.partitions", 50, .atLeast(1),
            about: "Partitions of __share_group_state."),
        short(
            "share.coordinator.state.topic.replication.factor", 3, .atLeast(1),
            about: "Replicas of __share_group_state."),
        short(
            "share.coordinator.state.topic.min.isr", 2, .atLeast(1),
            about: "min.insync.replicas of __share_group_state."),
        int(
            "share.coordinator.state.topic.segment.bytes", 104_857_600, .atLeast(1),
            about: "Segment size of __share_group_state."),
        int("share.coordinator.state.topic.compression.codec", 0, about: "Codec of __share_group_state."),
        int(
            "share.coordinator.load.buffer.size", 5_242_880, .atLeast(1),
            about: "Bytes read at a time when share state is loaded."),
        int(
            "share.coordinator.snapshot.update.records.per.snapshot", 500, .between(0, 500),
            about: "Updates between two snapshots of a share partition."),
        int("share.coordinator.threads", 1, .atLeast(1), about: "Threads of Kafka's share coordinator."),
        int(
            "share.coordinator.write.timeout.ms", 5000, .atLeast(1),
            about: "Milliseconds that a write of share state may take."),
        int(
            "share.coordinator.append.linger.ms", -1, .atLeast(-1),
            about: "Milliseconds to gather records before a write; -1: adaptive."),
        int(
            "share.coordinator.cached.buffer.max.bytes", 1_048_588, .atLeast(524_288), update: .clusterWide,
            about: "Largest buffer that is kept for reuse."),
    ].withoutEffect
}
