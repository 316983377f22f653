extension BrokerKeys {
    static let tiered: [ConfigurationKey] = [
        boolean("remote.log.storage.system.enable", false, about: "Whether remote storage is used."),
        string("remote.log.storage.manager.class.name", nil, .notEmpty, about: "Class of Kafka's remote storage."),
        string("remote.log.storage.manager.class.path", nil, about: "Where that class is found."),
        string(
            "remote.log.storage.manager.impl.prefix", "rsm.config.", .notEmpty,
            about: "Prefix of that class's own keys."),
        string(
            "remote.log.metadata.manager.class.name",
            "org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager",
            .notEmpty,
            about: "Class of Kafka's remote metadata."),
        string("remote.log.metadata.manager.class.path", nil, about: "Where that class is found."),
        string(
            "remote.log.metadata.manager.impl.prefix", "rlmm.config.", .notEmpty,
            about: "Prefix of that class's own keys."),
        string(
            "remote.log.metadata.manager.listener.name", nil, .notEmpty,
            about: "Listener that remote metadata uses."),
        int(
            "remote.log.metadata.custom.metadata.max.bytes", 128, .atLeast(0),
            about: "Bytes of metadata that a remote segment may carry."),
        long(
            "remote.log.index.file.cache.total.size.bytes", 1_073_741_824, .atLeast(1), update: .clusterWide,
            about: "Bytes on disk for indexes of remote segments."),
        int("remote.log.manager.thread.pool.size", 2, .atLeast(1), about: "Threads that look after remote segments."),
        int(
            "remote.log.manager.copier.thread.pool.size", 10, .atLeast(1), update: .clusterWide,
            about: "Threads that copy segments."),
        int(
            "remote.log.manager.expiration.thread.pool.size", 10, .atLeast(1), update: .clusterWide,
            about: "Threads that delete old segments."),
        int(
            "remote.log.manager.follower.thread.pool.size", 2, .atLeast(1), update: .clusterWide,
            about: "Threads that read indexes for followers."),
        long(
            "remote.log.manager.task.interval.ms", 30_000, .atLeast(1),
            about: "Milliseconds between two rounds of copying."),
        long(
            "remote.log.manager.copy.max.bytes.per.second", Int64.max, .atLeast(1), update: .clusterWide,
            about: "Bytes copied in a second."),
        int("remote.log.manager.copy.quota.window.num", 11, .atLeast(1), about: "Samples that this is measured over."),
        int("remote.log.manager.copy.quota.window.size.seconds", 1, .atLeast(1), about: "Seconds of one sample."),
        long(
            "remote.log.manager.fetch.max.bytes.per.second", Int64.max, .atLeast(1), update: .clusterWide,
            about: "Bytes read from remote storage in a second."),
        int("remote.log.manager.fetch.quota.window.num", 11, .atLeast(1), about: "Samples that this is measured over."),
        int("remote.log.manager.fetch.quota.window.size.seconds", 1, .atLeast(1), about: "Seconds of one sample."),
        int(
            "remote.log.reader.threads", 10, .atLeast(1), update: .clusterWide,
            about: "Threads that read remote segments."),
        int("remote.log.reader.max.pending.tasks", 100, .atLeast(1), about: "Reads that may wait for them."),
        int(
            "remote.fetch.max.wait.ms", 500, .atLeast(1), update: .clusterWide,
            about: "Milliseconds that a remote read may take."),
        long(
            "remote.list.offsets.request.timeout.ms", 30_000, .atLeast(1), update: .clusterWide,
            about: "Milliseconds that a remote look-up by time may take."),
        boolean(
            "follower.fetch.last.tiered.offset.enable", false, update: .clusterWide,
            about: "Whether a new follower begins at the last remote offset."),
        long(
            "log.local.retention.ms", -2, .atLeast(-2), update: .clusterWide,
            about: "Milliseconds that segments stay local once they are remote; -2: as log.retention.ms."),
        long(
            "log.local.retention.bytes", -2, .atLeast(-2), update: .clusterWide,
            about: "Bytes that stay local once they are remote; -2: as log.retention.bytes."),
    ].withoutEffect
}
