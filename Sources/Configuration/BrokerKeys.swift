/// The keys of a broker.
public enum BrokerKeys {
    /// All of them, in the order of their names.
    public static let all: [ConfigurationKey] = byName.values.sorted { $0.name < $1.name }

    /// The key of that name; nil for an unknown one.
    public static func key(_ name: String) -> ConfigurationKey? { byName[name] }

    private static let byName: [String: ConfigurationKey] = {
        let tables = [
            identity, log, network, replication, cleaner, groups, shareAndStreamsGroups, coordinators, quorum, tiered,
            quotas, operations, security, observability,
        ]
        return Dictionary(uniqueKeysWithValues: tables.joined().map { ($0.name, $0) })
    }()

    /// Beginnings of names that belong to listeners and plug-ins: accepted, without effect.
    static let openPrefixes = ["listener.name.", "rsm.config.", "rlmm.config.", "config.providers."]

    /// Names that Kafka 4.0 removed, with what to do instead.
    static func removal(of name: String) -> String? {
        if name.hasPrefix("zookeeper.") { return "there is no ZooKeeper any more" }
        if name.hasPrefix("password.encoder.") { return "passwords are not encoded any more" }
        return removed[name]
    }

    private static let removed = [
        "inter.broker.protocol.version": "metadata.version took its place",
        "log.message.format.version": "there is one message format",
        "log.message.downconversion.enable": "there is one message format",
        "log.message.timestamp.difference.max.ms":
            "use log.message.timestamp.before.max.ms and log.message.timestamp.after.max.ms",
        "control.plane.listener.name": "there is no control plane listener",
        "delegation.token.master.key": "use delegation.token.secret.key",
        "offsets.commit.required.acks": "commits always wait for all replicas",
        "reserved.broker.max.id": "every broker sets its node.id",
        "broker.id.generation.enable": "every broker sets its node.id",
        "leader.imbalance.per.broker.percentage": "leadership goes back whenever it can",
        "controlled.shutdown.max.retries": "a stopping broker tries until it is done",
        "controlled.shutdown.retry.backoff.ms": "a stopping broker tries until it is done",
    ]
}
