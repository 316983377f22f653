/// A command line that cannot be understood: what is wrong, what to do, and the help that would explain it.
public struct UsageError: Error {
    /// One sentence without a full stop.
    public let message: String
    /// What to do next, when more can be said than "see the help".
    public let hint: String?
    /// The command that the words led to.
    public let command: CommandDeclaration

    /// The lines for the error stream.
    public func rendered(style: Style) -> String {
        var text = "\(style.bold(command.fullName)): \(style.red(message))\n"
        if let hint { text += "\(hint)\n" }
        text += "usage: \(HelpText(command, style: style).usage)\n"
        text += "Try '\(command.fullName) --help' for more.\n"
        return text
    }
}

/// Thrown by `validate()`: parameters that are each well-formed and together make no sense.
public struct ValidationError: Error, Equatable, Sendable {
    public let message: String
    public let hint: String?

    public init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }
}
