/// Where a topic's settings come from: the topic itself, what was set at run time for this broker or for all, the
/// broker's own configuration, and the table's defaults.
public struct TopicSettings: Sendable {
    /// Set at run time for this broker; keys are a broker's.
    public var broker: [String: String]
    /// Set at run time for all brokers; keys are a broker's.
    public var cluster: [String: String]
    public var settings: BrokerSettings

    public init(settings: BrokerSettings, broker: [String: String] = [:], cluster: [String: String] = [:]) {
        self.settings = settings
        self.broker = broker
        self.cluster = cluster
    }

    /// A value as text, with the place it comes from.
    public struct Effective: Sendable, Equatable {
        public let text: String
        public let source: ConfigurationSource
    }

    /// The value that counts for a topic with the given settings of its own.
    public func effective(_ key: TopicKey, topic overrides: [String: String] = [:]) -> Effective {
        if let text = overrides[key.name] { return Effective(text: text, source: .topic) }
        if let text = firstText(of: key, { broker[$0] }) { return Effective(text: text, source: .dynamicBroker) }
        if let text = firstText(of: key, { cluster[$0] }) {
            return Effective(text: text, source: .dynamicDefaultBroker)
        }
        if let text = firstText(of: key, { settings.written[$0]?.text }) {
            return Effective(text: text, source: .staticBroker)
        }
        return Effective(text: key.definition.defaultText ?? "", source: .defaultValue)
    }

    private func firstText(of key: TopicKey, _ text: (String) -> String?) -> String? {
        for brokerKey in key.brokerKeys {
            if let text = text(brokerKey.name) { return brokerKey.topicText(of: text) }
        }
        return nil
    }

    /// The typed configuration of a topic that has no settings of its own.
    public func defaults() -> TopicConfiguration {
        var configuration = TopicConfiguration.standard
        for key in TopicKey.allCases {
            let effective = effective(key)
            guard effective.source != .defaultValue, let value = try? key.definition.parse(effective.text) else {
                continue
            }
            configuration.set(key, to: value)
        }
        return configuration
    }
}

extension TopicSettings {
    /// A setting that a topic cannot have; the messages are Kafka's.
    public struct Refusal: Error, Equatable, Sendable {
        public let message: String
    }

    /// The longest value, in bytes, that every version of the protocol can show.
    public static let maximumLength = 32_767

    /// Checks a topic's own settings, each by itself and then together.
    ///
    /// - Throws: the first that is wrong: an unknown key (in the order of names), then a null, then a value.
    public func check(_ overrides: [(name: String, value: String?)]) throws(Refusal) {
        if overrides.isEmpty { return }
        var values: [String: String?] = [:]
        for (name, value) in overrides { values[name] = value }
        let names = values.keys.sorted()
        for name in names where values[name] == .some(nil) {
            throw Refusal(message: "Null value not supported for topic configs: \(name)")
        }
        for name in names where TopicKey(rawValue: name) == nil {
            throw Refusal(message: "Unknown topic config name: \(name)")
        }
        let texts = values.compactMapValues { $0 }
        for name in names {
            guard let key = TopicKey(rawValue: name), let text = texts[name] else { continue }
            guard text.utf8.count <= TopicSettings.maximumLength else {
                throw Refusal(message: "The value of \(name) is longer than \(TopicSettings.maximumLength) bytes")
            }
            do { _ = try key.definition.parse(text) } catch { throw Refusal(message: error.message) }
        }
        try checkTogether(defaults().overridden(by: texts))
    }

    /// Checks that what a topic begins with fits together.
    public func checkDefaults() throws(Refusal) { try checkTogether(defaults()) }

    private func checkTogether(_ topic: TopicConfiguration) throws(Refusal) {
        if topic.minCompactionLagMilliseconds > topic.maxCompactionLagMilliseconds {
            throw Refusal(
                message: """
                    conflict topic config setting min.compaction.lag.ms (\(topic.minCompactionLagMilliseconds)) > \
                    max.compaction.lag.ms (\(topic.maxCompactionLagMilliseconds))
                    """)
        }
        if topic.remoteStorageEnabled {
            throw Refusal(
                message: """
                    Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote \
                    log storage.
                    """)
        }
    }
}
