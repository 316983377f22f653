/// A setting as DescribeConfigs shows it.
public struct SettingDescription: Sendable, Equatable {
    /// A place that gives the setting a value.
    public struct Synonym: Sendable, Equatable {
        public let name: String
        /// nil when it must not be shown.
        public let value: String?
        public let source: ConfigurationSource
    }

    public let name: String
    /// nil when there is none, or when it must not be shown.
    public internal(set) var value: String?
    /// nil for names that are no key.
    public let type: ConfigurationType?
    public internal(set) var source: ConfigurationSource
    public let isReadOnly: Bool
    public let isSensitive: Bool
    /// nil for names that are no key.
    public let documentation: String?
    /// Strongest first.
    public internal(set) var synonyms: [Synonym]

    /// The source is that of the first synonym. What is no key might be a secret, so its value is not shown.
    init(name: String, text: String?, key: ConfigurationKey?, isReadOnly: Bool, synonyms: [Synonym]) {
        self.name = name
        isSensitive = key?.isSensitive ?? true
        value = isSensitive ? nil : text.flatMap { key?.shown($0) ?? $0 }
        type = key?.type
        source = synonyms.first?.source ?? .defaultValue
        self.isReadOnly = isReadOnly
        documentation = key?.documentation
        self.synonyms = synonyms
    }

    /// The level of a logger.
    public init(logger name: String, level: String) {
        self.name = name
        value = level
        type = nil
        source = .dynamicBrokerLogger
        isReadOnly = false
        isSensitive = false
        documentation = nil
        synonyms = []
    }
}

extension ConfigurationKey {
    /// A value as Kafka shows it: truth values in lower case, elements of lists with a comma between them.
    func shown(_ text: String) -> String {
        switch type {
        case .boolean: text.trimmed.lowercased()
        case .list: (try? parse(text).list.joined(separator: ",")) ?? text
        case .password: text
        default: text.trimmed
        }
    }
}
