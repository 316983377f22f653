/// One key: what it takes, what it means, and how it may change while the broker runs.
public struct ConfigurationKey: Sendable {
    /// How a broker's key may change while the broker runs.
    public enum Update: Sendable {
        /// At a restart only.
        case readOnly
        /// For one broker.
        case perBroker
        /// For one broker, or for all of them.
        case clusterWide
    }

    public let name: String
    public let type: ConfigurationType
    /// The default as it would be written in a file; nil when the key has none.
    public let defaultText: String?
    public let allowed: AllowedValues
    public let update: Update
    /// False for keys that are read, checked and shown, but change nothing (yet).
    public internal(set) var hasEffect: Bool
    let summary: String

    init(
        _ name: String, _ type: ConfigurationType, _ defaultText: String?, _ allowed: AllowedValues, _ update: Update,
        _ summary: String
    ) {
        self.name = name
        self.type = type
        self.defaultText = defaultText
        self.allowed = allowed
        self.update = update
        self.summary = summary
        hasEffect = true
    }

    /// One sentence or two for people.
    public var documentation: String { hasEffect ? summary : summary + " Accepted, without effect." }

    /// True if the value must not be shown.
    public var isSensitive: Bool { type == .password }

    /// Parses and checks a value.
    public func parse(_ text: String) throws(InvalidConfigurationValue) -> ConfigurationValue {
        switch type.parse(text).flatMap({ allowed.check($0, of: name) }) {
        case .success(let value): return value
        case .failure(let reason):
            throw InvalidConfigurationValue(key: name, value: isSensitive ? "[hidden]" : text, reason: reason.text)
        }
    }

    /// The default, parsed; nil when the key has none.
    public var defaultValue: ConfigurationValue? {
        guard let defaultText else { return nil }
        guard let value = try? parse(defaultText) else {
            preconditionFailure("the default of \(name) is not allowed by its own rule")
        }
        return value
    }
}

/// A value that its key does not take. The message is Kafka's.
public struct InvalidConfigurationValue: Error, Equatable, Sendable {
    public let key: String
    public let value: String
    /// What is allowed.
    public let reason: String

    public var message: String { "Invalid value \(value) for configuration \(key): \(reason)" }
}

/// Where a value comes from. The raw values are those of DescribeConfigs and CreateTopics.
public enum ConfigurationSource: Int8, Sendable {
    case unknown = 0
    case topic = 1
    case dynamicBroker = 2
    case dynamicDefaultBroker = 3
    case staticBroker = 4
    case defaultValue = 5
    case dynamicBrokerLogger = 6
    case clientMetrics = 7
    case group = 8
}
