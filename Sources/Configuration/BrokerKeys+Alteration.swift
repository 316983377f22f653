/// What may be done with a broker's key while the broker runs.
extension BrokerKeys {
    /// Keys that say the same, in other units or as a fallback, strongest first.
    private static let equivalents = [
        ["log.retention.ms", "log.retention.minutes", "log.retention.hours"],
        ["log.roll.ms", "log.roll.hours"],
        ["log.roll.jitter.ms", "log.roll.jitter.hours"],
        ["log.flush.interval.ms", "log.flush.scheduler.interval.ms"],
    ]

    /// The key and those that say the same, strongest first.
    static func alternatives(to name: String) -> [String] {
        if let base = listenerKey(name) { return [name, base] }
        return equivalents.first { $0.contains(name) } ?? [name]
    }

    /// The key that `listener.name.x.key` sets for one listener; nil for any other name.
    private static func listenerKey(_ name: String) -> String? {
        let prefix = "listener.name."
        guard name.hasPrefix(prefix) else { return nil }
        let rest = name.dropFirst(prefix.count)
        guard let dot = rest.firstIndex(of: ".") else { return nil }
        return String(rest[dot...].dropFirst())
    }

    /// Type and rules of a name, be it a key or one for a single listener.
    static func definition(_ name: String) -> ConfigurationKey? {
        key(name) ?? listenerKey(name).flatMap(key)
    }

    /// Whether values of the name must not be shown; a name that is no key might stand for a secret.
    public static func isSensitive(_ name: String) -> Bool { definition(name)?.isSensitive ?? true }

    /// Whether the key can be altered at run time.
    static func isAlterable(_ name: String) -> Bool {
        guard let key = key(name) else { return false }
        return key.update != .readOnly
    }

    /// Keys of certificates: they can be altered for one listener only, by their name with its prefix.
    static func isOfListeners(_ name: String) -> Bool {
        ["ssl.keystore.", "ssl.truststore.", "ssl.key."].contains { name.hasPrefix($0) }
    }

    /// Numbers of threads: they may at most double or halve at a time.
    static let threadCounts = [
        "num.io.threads", "num.network.threads", "num.replica.fetchers", "num.recovery.threads.per.data.dir",
        "background.threads", "remote.log.reader.threads", "remote.log.manager.copier.thread.pool.size",
        "remote.log.manager.expiration.thread.pool.size", "remote.log.manager.follower.thread.pool.size",
        "log.cleaner.threads",
    ]
}
