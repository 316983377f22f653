/// The settings of a broker after precedence: command line, then environment, then file, then default.
public struct BrokerSettings: Sendable {
    /// One key's value and where it was written.
    public struct Setting: Sendable {
        public let text: String
        public let value: ConfigurationValue
        public let origin: ConfigurationOrigin
    }

    /// What was written anywhere, by key. Defaults are not in here.
    public internal(set) var written: [String: Setting] = [:]
    /// What a person should be told at the start.
    public private(set) var warnings: [ConfigurationProblem] = []

    /// Defaults only.
    public init() {}

    /// - Throws: every problem found, not only the first.
    public init(_ input: ConfigurationInput) throws(ConfigurationProblems) {
        var reader = SettingsReader(suggest: input.suggest)
        if let file = input.file { reader.read(file) }
        reader.read(environment: input.environment)
        reader.read(input.arguments)
        guard reader.problems.isEmpty else { throw ConfigurationProblems(problems: reader.problems) }
        written = reader.settings
        warnings = reader.warnings
    }

    /// A key's value, its default when nothing was written; nil when it has neither.
    public func value(of name: String) -> ConfigurationValue? {
        guard let key = BrokerKeys.key(name) else { preconditionFailure("\(name) is no broker key") }
        return written[name]?.value ?? key.defaultValue
    }

    /// Where a key's value was written.
    public func origin(of name: String) -> ConfigurationOrigin { written[name]?.origin ?? .defaultValue }
}

/// Reads the sources, weakest first, each over the one before.
private struct SettingsReader {
    let suggest: @Sendable (String, [String]) -> String?
    var settings: [String: BrokerSettings.Setting] = [:]
    var warnings: [ConfigurationProblem] = []
    var problems: [ConfigurationProblem] = []

    init(suggest: @escaping @Sendable (String, [String]) -> String?) { self.suggest = suggest }

    mutating func read(_ file: ConfigurationInput.File) {
        let entries: [PropertiesFile.Entry]
        do {
            entries = try PropertiesFile(file.text).entries
        } catch {
            let origin = ConfigurationOrigin.file(path: file.path, line: error.line)
            problems.append(
                ConfigurationProblem(key: "", origin: origin, message: "\\u needs four hexadecimal digits"))
            return
        }
        var lines: [String: Int] = [:]
        for entry in entries {
            let origin = ConfigurationOrigin.file(path: file.path, line: entry.line)
            if let earlier = lines.updateValue(entry.line, forKey: entry.key) {
                warn(entry.key, origin, "replaces the value of line \(earlier)")
            }
            set(entry.key, entry.value, origin, isUnknownKeyAnError: false)
        }
    }

    mutating func read(environment: [String: String]) {
        for (variable, value) in environment.sorted(by: { $0.key < $1.key }) {
            guard variable.hasPrefix("MARTLET_"), !SettingsReader.isKubernetes(variable) else { continue }
            let origin = ConfigurationOrigin.environment(variable: variable)
            guard let key = SettingsReader.key(of: variable) else {
                warnings.append(
                    ConfigurationProblem(
                        key: "", origin: origin, message: "names no known key", kind: .unknownKey,
                        suggestion: suggest(variable, SettingsReader.keysByVariable.keys.sorted())))
                continue
            }
            set(key, value, origin, isUnknownKeyAnError: false)
        }
    }

    mutating func read(_ arguments: [ConfigurationInput.Argument]) {
        for argument in arguments {
            set(argument.key, argument.value, .argument(option: argument.option), isUnknownKeyAnError: true)
        }
    }

    private mutating func set(
        _ name: String, _ text: String, _ origin: ConfigurationOrigin, isUnknownKeyAnError: Bool
    ) {
        if let advice = BrokerKeys.removal(of: name) {
            problems.append(
                ConfigurationProblem(key: name, origin: origin, message: "was removed in Kafka 4.0: \(advice)"))
            return
        }
        guard let key = BrokerKeys.key(name) else {
            readUnknown(name, origin, isUnknownKeyAnError)
            return
        }
        do {
            let value = try key.parse(text)
            settings[name] = BrokerSettings.Setting(text: text.trimmed, value: value, origin: origin)
            if name.hasPrefix("controller.quorum.") {
                warn(name, origin, "is not used: there is no Raft quorum", .unused)
            }
        } catch {
            problems.append(ConfigurationProblem(key: name, origin: origin, message: error.message))
        }
    }

    private mutating func readUnknown(_ name: String, _ origin: ConfigurationOrigin, _ isError: Bool) {
        if BrokerKeys.openPrefixes.contains(where: { name.hasPrefix($0) }) {
            warn(name, origin, "is accepted, without effect", .unused)
        } else {
            let hint = SettingsReader.hint(name)
            let problem = ConfigurationProblem(
                key: name, origin: origin, message: "is no known key\(hint)", kind: .unknownKey,
                suggestion: hint.isEmpty ? suggest(name, BrokerKeys.all.map(\.name)) : nil)
            if isError { problems.append(problem) } else { warnings.append(problem) }
        }
    }

    private mutating func warn(
        _ key: String, _ origin: ConfigurationOrigin, _ message: String,
        _ kind: ConfigurationProblem.Kind = .unsuitable
    ) {
        warnings.append(ConfigurationProblem(key: key, origin: origin, message: message, kind: kind))
    }

    /// A topic's key where a broker's stands is a common slip.
    private static func hint(_ name: String) -> String {
        guard let broker = TopicKey(rawValue: name)?.brokerKeys.first else { return "" }
        return "; the broker's key for it is \(broker.name)"
    }

    /// Kubernetes gives every container such variables for a service of that name.
    private static func isKubernetes(_ variable: String) -> Bool {
        variable.hasPrefix("MARTLET_SERVICE_") || variable.hasPrefix("MARTLET_PORT")
    }

    private static func key(of variable: String) -> String? { keysByVariable[variable] }

    private static let keysByVariable: [String: String] = {
        let pairs = BrokerKeys.all.map { key in
            let own = key.name.hasPrefix("martlet.") ? String(key.name.dropFirst(8)) : key.name
            return ("MARTLET_" + own.uppercased().map { $0 == "." ? "_" : String($0) }.joined(), key.name)
        }
        return Dictionary(uniqueKeysWithValues: pairs)
    }()
}
