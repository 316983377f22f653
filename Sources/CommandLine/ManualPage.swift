/// The manual page of a program with all its commands, in the macros of man(7).
public struct ManualPage {
    private let root: CommandDeclaration

    public init(_ root: CommandDeclaration) { self.root = root }

    /// The page in ASCII, as `man` takes it.
    public var rendered: String {
        let name = root.fullName
        let leaves = root.family.filter(\.subcommands.isEmpty)
        var lines = [
            ".TH \(argument(name.uppercased())) 1 \"\" \(argument(root.configuration.version)) \"User Commands\"",
            // Words that people type are neither taken apart at the ends of lines nor spaced out.
            ".nh", ".ad l", ".SH NAME", "\(escaped(name)) \\- \(escaped(root.configuration.abstract))", ".SH SYNOPSIS",
        ]
        for (index, leaf) in leaves.enumerated() {
            if index > 0 { lines.append(".br") }
            lines.append(".B \(escaped(HelpText(leaf, style: .plain).usage))")
        }
        lines.append(".SH DESCRIPTION")
        lines += paragraphs(root.configuration.discussion)
        lines.append(".SH COMMANDS")
        for leaf in leaves { lines += section(leaf) }
        lines += [".SH EXIT STATUS"] + Self.statuses.flatMap { [".TP", ".B \($0.code)", escaped($0.meaning)] }
        if !root.configuration.examples.isEmpty {
            lines.append(".SH EXAMPLES")
            lines += examples(root)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static let statuses: [(code: Int32, meaning: String)] = [
        (ExitCode.success.rawValue, "What was asked for is done."),
        (ExitCode.failure.rawValue, "It failed; the error stream says why."),
        (ExitCode.usage.rawValue, "The command line or the configuration is wrong."),
        (ExitCode.interrupted.rawValue, "It was interrupted."),
    ]

    private func section(_ command: CommandDeclaration) -> [String] {
        var lines = [".SS \(argument(command.fullName))", "\(escaped(command.configuration.abstract))."]
        if !command.configuration.discussion.isEmpty {
            lines.append(".PP")
            lines += paragraphs(command.configuration.discussion)
        }
        for (label, text) in HelpText(command, style: .plain).parameterRows {
            lines += [".TP", ".B \(escaped(label))", escaped(text)]
        }
        if !command.configuration.examples.isEmpty { lines += examples(command) }
        return lines
    }

    private func examples(_ command: CommandDeclaration) -> [String] {
        command.configuration.examples.flatMap { example in
            [".PP", "Example: \(escaped(example.summary))", ".PP", ".RS 4", ".nf"]
                + example.commandLine.split(separator: "\n").map { escaped(String($0)) } + [".fi", ".RE"]
        }
    }

    private func paragraphs(_ text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.isEmpty ? ".PP" : escaped(String($0)) }
    }

    /// `text` as one argument of a macro.
    private func argument(_ text: String) -> String { "\"\(escaped(text))\"" }

    /// `text` with nothing in it that roff would take for its own, and with the characters that can be typed again.
    private func escaped(_ text: String) -> String {
        var result = text.hasPrefix(".") || text.hasPrefix("'") ? "\\&" : ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\e"
            case "-": result += "\\-"
            case "'": result += "\\(aq"
            case "\"": result += "\\(dq"
            case "`": result += "\\(ga"
            case "^": result += "\\(ha"
            case "~": result += "\\(ti"
            case _ where scalar.isASCII: result.unicodeScalars.append(scalar)
            default: result += "\\[u\(hexadecimal(scalar.value))]"
            }
        }
        return result
    }

    /// At least four digits, as roff wants them.
    private func hexadecimal(_ value: UInt32) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
