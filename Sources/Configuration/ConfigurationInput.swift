/// Everything a broker's configuration is read from. Nothing here reads files or the process's environment: the
/// caller does.
public struct ConfigurationInput: Sendable {
    /// A setting from the command line.
    public struct Argument: Sendable {
        public var key: String
        public var value: String
        /// The option it was given by, for messages: `--set`, `--listen`.
        public var option: String

        public init(key: String, value: String, option: String = "--set") {
            self.key = key
            self.value = value
            self.option = option
        }
    }

    /// A file in .properties syntax.
    public struct File: Sendable {
        public var path: String
        public var text: String

        public init(path: String, text: String) {
            self.path = path
            self.text = text
        }
    }

    /// From the command line; a later one of the same key wins.
    public var arguments: [Argument] = []
    /// The process's environment; only variables that begin with `MARTLET_` are looked at.
    public var environment: [String: String] = [:]
    public var file: File?
    /// Finds the one of `known` that `name` was perhaps meant to be, for messages about names that are no key.
    public var suggest: @Sendable (_ name: String, _ known: [String]) -> String? = { _, _ in nil }

    public init() {}
}

/// Where a setting was written.
public enum ConfigurationOrigin: Sendable, Equatable, CustomStringConvertible {
    case argument(option: String)
    case environment(variable: String)
    case file(path: String, line: Int)
    /// By AlterConfigs, while the broker runs.
    case runTime
    case defaultValue

    public var description: String {
        switch self {
        case .argument(let option): option
        case .environment(let variable): "environment variable \(variable)"
        case .file(let path, let line): "\(path):\(line)"
        case .runTime: "set at run time"
        case .defaultValue: "default"
        }
    }
}

/// A setting that cannot be used, or one that is not as it may have been meant.
public struct ConfigurationProblem: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable, Equatable {
        /// The broker cannot run by it, or not as it may have been meant.
        case unsuitable
        /// There is no such key.
        case unknownKey
        /// The key is one of Kafka's that means nothing here.
        case unused
    }

    /// Empty when the problem is not with one key.
    public let key: String
    public let origin: ConfigurationOrigin
    public let message: String
    public let kind: Kind
    /// The name that was perhaps meant, of a key or of a variable in the environment.
    public let suggestion: String?

    init(
        key: String, origin: ConfigurationOrigin, message: String, kind: Kind = .unsuitable, suggestion: String? = nil
    ) {
        self.key = key
        self.origin = origin
        self.message = message
        self.kind = kind
        self.suggestion = suggestion
    }

    public var description: String {
        let text = key.isEmpty ? "\(origin): \(message)" : "\(key) (\(origin)): \(message)"
        return suggestion.map { "\(text). Did you mean \($0)?" } ?? text
    }
}

/// All that is wrong with a configuration; never empty.
public struct ConfigurationProblems: Error, Sendable, Equatable, CustomStringConvertible {
    public let problems: [ConfigurationProblem]

    public var description: String { problems.map(\.description).joined("\n") }
}
