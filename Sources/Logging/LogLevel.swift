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

    /// The level of that name, in any case; `warn` is `warning`.
    public init?(name: String) {
        let lowered = name.lowercased()
        guard
            let level = LogLevel.allCases.first(where: { $0.name == lowered || (lowered == "warn" && $0 == .warning) })
        else { return nil }
        self = level
    }

    @inlinable
    public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }
}
