/// Why a setting cannot be altered; the words are Kafka's.
public struct SettingRefusal: Error, Equatable, Sendable {
    public let message: String
}

extension LiveSettings {
    /// Checks what a broker's settings at run time would be as a whole; those stored for the other place count as they are.
    ///
    /// - Parameters:
    ///   - texts: all settings at run time that the place would have.
    ///   - isForAllBrokers: which place that is.
    public func check(_ texts: [String: String], isForAllBrokers: Bool) throws(SettingRefusal) {
        let names = texts.keys.sorted()
        try refuse(names.filter { BrokerKeys.key($0)?.update == .readOnly }, "Cannot update these configs dynamically")
        try refuse(
            names.filter(BrokerKeys.isOfListeners),
            "These security configs can be dynamically updated only per-listener using the listener prefix")
        for name in names {
            guard let text = texts[name], let key = BrokerKeys.definition(name) else { continue }
            do { _ = try key.parse(text) } catch { throw SettingRefusal(message: error.message) }
        }
        if isForAllBrokers {
            try refuse(
                names.filter { BrokerKeys.definition($0)?.update == .perBroker || $0.hasPrefix("listener.name.") },
                "Cannot update these configs at default cluster level, broker id must be specified")
        }
        var altered = self
        if isForAllBrokers { altered.cluster = texts } else { altered.broker = texts }
        try altered.checkTogether(before: self)
    }

    private func refuse(_ names: [String], _ reason: String) throws(SettingRefusal) {
        guard names.isEmpty else {
            throw SettingRefusal(message: "\(reason): [\(names.joined(separator: ", "))]")
        }
    }

    private func checkTogether(before: LiveSettings) throws(SettingRefusal) {
        try checkThreads(before: before)
        let now = inForce
        if let buffer = now.value(of: "log.cleaner.dedupe.buffer.size")?.integer,
            let threads = now.value(of: "log.cleaner.threads")?.integer, buffer / max(threads, 1) < 1 << 20
        {
            throw SettingRefusal(message: "log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread.")
        }
        var problems: [ConfigurationProblem] = []
        let overrides = BrokerConfiguration.connectionOverrides(now, &problems)
        if let problem = problems.first { throw SettingRefusal(message: "\(problem.key): \(problem.message)") }
        let directories = BrokerConfiguration.logDirectories(now)
        let cordoned = now.value(of: "cordoned.log.dirs")?.list ?? []
        let missing = cordoned.filter { !directories.contains($0) }
        guard cordoned == ["*"] || missing.isEmpty else {
            throw SettingRefusal(
                message: "All entries in cordoned.log.dirs must be present in log.dirs or log.dir. Missing entries: "
                    + missing.joined(separator: ", "))
        }
        if now.value(of: "max.connections.per.ip")?.integer == 0, overrides.isEmpty {
            let message =
                "max.connections.per.ip can be set to zero only if max.connections.per.ip.overrides property is set."
            throw SettingRefusal(message: message)
        }
        do {
            try TopicSettings(settings: settings, broker: broker, cluster: cluster).checkDefaults()
        } catch {
            throw SettingRefusal(message: error.message)
        }
    }

    private func checkThreads(before: LiveSettings) throws(SettingRefusal) {
        for name in BrokerKeys.threadCounts {
            guard let text = text(of: name), let count = Int32(text.trimmed),
                let earlier = before.text(of: name).flatMap({ Int32($0.trimmed) }), count != earlier
            else { continue }
            let reason: String
            if count < 1 {
                reason = "value should be at least 1"
            } else if Int(count) < Int(earlier) / 2 {
                reason = "value should be at least half the current value \(earlier)"
            } else if Int(count) > Int(earlier) * 2 {
                reason = "value should not be greater than double the current value \(earlier)"
            } else {
                continue
            }
            throw SettingRefusal(
                message: "Dynamic thread count update validation failed for \(name)=\(count), \(reason)")
        }
    }
}
