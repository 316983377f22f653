/// What clients are asked to report: the settings of one subscription.
public enum ClientMetricsSettings {
    /// All keys, in the order of their names.
    public static let keys: [ConfigurationKey] = [
        int("interval.ms", 300_000, update: .clusterWide, about: "Milliseconds between two reports."),
        list(
            "match", "", update: .clusterWide,
            about: "Which clients: selector=pattern, comma separated; all when empty."),
        list("metrics", "", update: .clusterWide, about: "Beginnings of the names of metrics to report; * for all."),
    ].withoutEffect

    private static let byName = Dictionary(uniqueKeysWithValues: keys.map { ($0.name, $0) })
    private static let intervals: ClosedRange<Int64> = 100...3_600_000
    private static let selectors: Set = [
        "client_instance_id", "client_id", "client_software_name", "client_software_version",
        "client_source_address", "client_source_port",
    ]

    public enum Refusal: Error, Equatable, Sendable {
        /// Not a key, or an interval that cannot be.
        case request(String)
        /// A value of the wrong type or form.
        case value(String)
    }

    /// Checks all settings that a subscription would have; the messages are Kafka's.
    public static func check(_ overrides: [String: String]) throws(Refusal) {
        for (name, text) in overrides.sorted(by: { $0.key < $1.key }) {
            guard let key = byName[name] else { throw .request("Unknown client metrics configuration: \(name)") }
            let value: ConfigurationValue
            do { value = try key.parse(text) } catch { throw .value(error.message) }
            switch value {
            case .integer(let interval) where !intervals.contains(interval):
                throw .request(
                    "Invalid value \(interval) for interval.ms, interval must be between 100 and 3600000 (1 hour)")
            case .list(let patterns) where name == "match":
                for pattern in patterns where !isPattern(pattern) {
                    throw .value("Illegal client matching pattern: \(pattern)")
                }
            default: break
            }
        }
    }

    private static func isPattern(_ text: String) -> Bool {
        let parts = text.split(separator: "=", omittingEmptySubsequences: false)
        return parts.count == 2 && selectors.contains(String(parts[0]).trimmed) && isBalanced(parts[1])
    }

    /// Whether brackets are closed that are opened: the one mistake that is told without compiling the expression.
    private static func isBalanced(_ pattern: Substring) -> Bool {
        var open: [Character] = []
        var isEscaped = false
        for character in pattern {
            defer { isEscaped = character == "\\" && !isEscaped }
            if isEscaped { continue }
            switch character {
            case "[" where open.last != "[": open.append("[")
            case "]" where open.last == "[": open.removeLast()
            case "(" where open.last != "[": open.append("(")
            case ")" where open.last != "[":
                guard open.popLast() == "(" else { return false }
            default: break
            }
        }
        return open.isEmpty
    }

    /// Every setting of a subscription.
    public static func describe(_ overrides: [String: String]) -> [SettingDescription] {
        keys.map { key in
            let own = overrides[key.name].map {
                [SettingDescription.Synonym(name: key.name, value: $0, source: .clientMetrics)]
            }
            return SettingDescription(
                name: key.name, text: overrides[key.name] ?? key.defaultText, key: key, isReadOnly: false,
                synonyms: own ?? [])
        }
    }
}
