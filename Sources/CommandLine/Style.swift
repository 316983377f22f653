/// How text is set off on a terminal. A value, so that the same code writes to a terminal, a file and a test.
public struct Style: Sendable {
    public let isColored: Bool
    /// Columns that help is wrapped to.
    public let width: Int

    public init(isColored: Bool, width: Int = 80) {
        self.isColored = isColored
        self.width = max(40, min(width, 120))
    }

    /// The style for a stream: plain unless it is a terminal, plain when `NO_COLOR` is set to anything or `TERM` says
    /// `dumb`.
    public init(isTerminal: Bool, environment: [String: String], width: Int = 80) {
        let refused = !(environment["NO_COLOR"] ?? "").isEmpty || environment["TERM"] == "dumb"
        self.init(isColored: isTerminal && !refused, width: width)
    }

    public static let plain = Style(isColored: false)

    public func bold(_ text: String) -> String { set(text, "1") }
    public func dim(_ text: String) -> String { set(text, "2") }
    public func red(_ text: String) -> String { set(text, "31") }
    public func green(_ text: String) -> String { set(text, "32") }
    public func yellow(_ text: String) -> String { set(text, "33") }
    public func cyan(_ text: String) -> String { set(text, "36") }

    private func set(_ text: String, _ code: String) -> String {
        isColored ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
