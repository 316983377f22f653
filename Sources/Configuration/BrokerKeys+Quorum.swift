extension BrokerKeys {
    static let quorum: [ConfigurationKey] = [
        list("controller.quorum.voters", "", about: "Voters of Kafka's metadata quorum."),
        list("controller.quorum.bootstrap.servers", "", about: "Where Kafka's metadata quorum is found."),
        int(
            "controller.quorum.election.timeout.ms", 1000, .atLeast(0),
            about: "Milliseconds without a leader after which an election begins."),
        int(
            "controller.quorum.election.backoff.max.ms", 1000, .atLeast(0),
            about: "Longest wait before another election."),
        int(
            "controller.quorum.fetch.timeout.ms", 2000, .atLeast(0),
            about: "Milliseconds without a fetch after which a leader gives up."),
        int(
            "controller.quorum.fetch.max.bytes", 1_048_576, .atLeast(1),
            about: "Bytes of metadata to fetch at a time."),
        int(
            "controller.quorum.fetch.snapshot.max.bytes", 1_048_576, .atLeast(1),
            about: "Bytes of a snapshot to fetch at a time."),
        int(
            "controller.quorum.append.linger.ms", 25, .atLeast(0),
            about: "Milliseconds to gather metadata records before a write."),
        int(
            "controller.quorum.request.timeout.ms", 2000, .atLeast(0),
            about: "Milliseconds that a request in the quorum may take."),
        int(
            "controller.quorum.retry.backoff.ms", 20, .atLeast(0),
            about: "Milliseconds before such a request is tried again."),
        boolean("controller.quorum.auto.join.enable", false, about: "Whether a controller adds itself to the voters."),
        string("metadata.log.dir", nil, about: "Directory of Kafka's metadata log."),
        int(
            "metadata.log.segment.bytes", 1_073_741_824, .atLeast(8_388_608),
            about: "Segment size of Kafka's metadata log."),
        long("metadata.log.segment.ms", 604_800_000, about: "Milliseconds after which a segment of it is begun."),
        long(
            "metadata.log.max.record.bytes.between.snapshots", 20_971_520, .atLeast(1),
            about: "Bytes of metadata between two snapshots."),
        long(
            "metadata.log.max.snapshot.interval.ms", 3_600_000, .atLeast(0),
            about: "Milliseconds between two snapshots of the metadata."),
        long("metadata.max.retention.bytes", 104_857_600, about: "Bytes of metadata and snapshots that are kept."),
        long("metadata.max.retention.ms", 604_800_000, about: "Milliseconds that metadata and snapshots are kept."),
        int(
            "metadata.max.idle.interval.ms", 500, .atLeast(0),
            about: "Milliseconds between two empty records of an idle quorum."),
    ].withoutEffect
}
