/// A broker's settings as they stand now: what was set at run time, for this broker or for all, over what the process was
/// started with.
public struct LiveSettings: Sendable {
    /// Set at run time for this broker.
    public var broker: [String: String]
    /// Set at run time for all brokers.
    public var cluster: [String: String]
    /// What the process was started with.
    public var settings: BrokerSettings

    public init(settings: BrokerSettings, broker: [String: String] = [:], cluster: [String: String] = [:]) {
        self.settings = settings
        self.broker = broker
        self.cluster = cluster
    }

    /// The same in one piece. What is not a key or not allowed is left out: it was checked when it was stored, and a later
    /// version's keys must not stop an earlier one.
    public var inForce: BrokerSettings { settings.overridden(by: cluster.merging(broker) { _, own in own }) }

    /// The text of a key that counts; nil for a key without a value.
    public func text(of name: String) -> String? {
        broker[name] ?? cluster[name] ?? settings.written[name]?.text ?? BrokerKeys.key(name)?.defaultText
    }

    /// Every place that gives a broker's key a value, strongest first; keys that say the same in other units count as well.
    /// Empty when no place names the key itself, for then another key's value counts.
    public func synonyms(of name: String) -> [SettingDescription.Synonym] {
        let names = BrokerKeys.alternatives(to: name)
        let places: [(ConfigurationSource, (String) -> String?)] = [
            (.dynamicBroker, { broker[$0] }), (.dynamicDefaultBroker, { cluster[$0] }),
            (.staticBroker, { settings.written[$0]?.text }), (.defaultValue, { BrokerKeys.key($0)?.defaultText }),
        ]
        let isSensitive = BrokerKeys.isSensitive(name)
        let all = places.flatMap { source, text in
            names.compactMap { name in
                text(name).map {
                    SettingDescription.Synonym(name: name, value: isSensitive ? nil : $0, source: source)
                }
            }
        }
        return Array(all.drop { $0.name != name })
    }
}

extension LiveSettings {
    /// Every setting of the broker, and what was set at run time under names that it does not know.
    public func describe() -> [SettingDescription] {
        let unknown = Set(broker.keys).union(cluster.keys).filter { BrokerKeys.key($0) == nil }
        return BrokerKeys.all.map { describe($0.name) } + unknown.sorted().map(describe)
    }

    /// What was set at run time for all brokers.
    public func describeClusterDefaults() -> [SettingDescription] {
        cluster.keys.sorted().map { name in
            var description = describe(name)
            description.value = BrokerKeys.isSensitive(name) ? nil : cluster[name]
            description.synonyms.removeAll { $0.source != .dynamicDefaultBroker }
            description.source = .dynamicDefaultBroker
            return description
        }
    }

    private func describe(_ name: String) -> SettingDescription {
        SettingDescription(
            name: name, text: text(of: name), key: BrokerKeys.definition(name),
            isReadOnly: !BrokerKeys.isAlterable(name), synonyms: synonyms(of: name))
    }
}

extension TopicSettings {
    /// The same places, as they give a broker's own keys their values.
    public var live: LiveSettings { LiveSettings(settings: settings, broker: broker, cluster: cluster) }

    /// A topic's setting with every place that it might come from.
    public func describe(_ key: TopicKey, topic overrides: [String: String]) -> SettingDescription {
        var synonyms = key.brokerKeys.first.map { live.synonyms(of: $0.name) } ?? []
        if let own = overrides[key.name] {
            synonyms.insert(SettingDescription.Synonym(name: key.name, value: own, source: .topic), at: 0)
        }
        return SettingDescription(
            name: key.name, text: effective(key, topic: overrides).text, key: key.definition, isReadOnly: false,
            synonyms: synonyms)
    }
}

extension BrokerSettings {
    /// These settings with others over them.
    func overridden(by texts: [String: String]) -> BrokerSettings {
        var settings = self
        for (name, text) in texts {
            guard let value = try? BrokerKeys.key(name)?.parse(text) else { continue }
            settings.written[name] = Setting(text: text.trimmed, value: value, origin: .runTime)
        }
        return settings
    }
}
