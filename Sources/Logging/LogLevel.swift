/// How much a log line matters; a logger writes its level and everything above.
public enum LogLevel: UInt8, CaseIterable, Comparable, Sendable {
    case trace, debug, info, notice, warning, error, critical

    /// The word in a line and in settings: `info`.
    public var name: String {
        switch self {
        case .trace: "trace"
        case .debug: "debug"
        case .info: "info"
        case .notice: "notice"
        case .warning: "warning"
        case .error: "error"
        case .critical: "critical"
        }
    }

    /// The level of that name, in any case; as in Kafka, `warn` is `warning` and `fatal` is `critical`.
    public init?(name: String) {
        let lowered = name.lowercased()
        switch lowered {
        case "warn": self = .warning
        case "fatal": self = .critical
        default:
            guard let level = LogLevel.allCases.first(where: { $0.name == lowered }) else { return nil }
            self = level
        }
    }

    @inlinable
    public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }
}
