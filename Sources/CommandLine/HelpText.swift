/// The help of one command, made from its declaration.
public struct HelpText {
    private let command: CommandDeclaration
    private let style: Style

    public init(_ command: CommandDeclaration, style: Style) {
        self.command = command
        self.style = style
    }

    /// The whole page.
    public var rendered: String {
        var sections = ["\(style.bold(command.fullName)): \(command.configuration.abstract)"]
        sections.append("\(heading("Usage"))\n  \(usage)")
        if !command.configuration.discussion.isEmpty {
            sections.append(wrapped(command.configuration.discussion, indent: 0))
        }
        sections += parameterSections
        if !command.subcommands.isEmpty { sections.append(subcommandSection) }
        if !command.configuration.examples.isEmpty { sections.append(exampleSection) }
        if !command.configuration.seeAlso.isEmpty {
            sections.append("\(heading("See also"))\n  \(command.configuration.seeAlso.joined(separator: ", "))")
        }
        return sections.joined(separator: "\n\n") + "\n"
    }

    /// The usage line: required parameters in full, the others as `[options]`.
    public var usage: String {
        guard command.subcommands.isEmpty else { return "\(command.fullName) COMMAND …" }
        var words = [command.fullName]
        var hasOptions = false
        for parameter in command.parameters {
            switch parameter.role {
            case .argument:
                let name = parameter.isRepeated ? "\(parameter.valueName)…" : parameter.valueName
                words.append(parameter.isRequired ? name : "[\(name)]")
            case .option where parameter.isRequired:
                words.append("\(parameter.displayName) \(parameter.valueName)")
            case .option, .flag:
                hasOptions = true
            }
        }
        if hasOptions { words.append("[options]") }
        return words.joined(separator: " ")
    }

    private func heading(_ text: String) -> String { style.bold("\(text):") }

    private var parameterSections: [String] {
        var titles: [String] = []
        for parameter in command.parameters where !titles.contains(title(of: parameter)) {
            titles.append(title(of: parameter))
        }
        if !command.subcommands.isEmpty, titles.isEmpty { return [] }
        if !titles.contains("Options") { titles.append("Options") }
        return titles.sorted { rank($0) < rank($1) }.map { title in
            var rows = command.parameters.filter { self.title(of: $0) == title }.map(row)
            if title == "Options" { rows.append(("-h, --help", "Show this help.")) }
            return table(title, rows)
        }
    }

    /// What the page says of each parameter, in its order: arguments, options, then the sections with titles of their own.
    var parameterRows: [(label: String, text: String)] {
        let ranked = command.parameters.enumerated().sorted { left, right in
            (rank(title(of: left.element)), left.offset) < (rank(title(of: right.element)), right.offset)
        }
        return ranked.map { row($0.element) }
    }

    private func title(of parameter: ParameterDeclaration) -> String {
        if case .argument = parameter.role { return "Arguments" }
        return parameter.section.isEmpty ? "Options" : parameter.section
    }

    private func rank(_ title: String) -> Int { title == "Arguments" ? 0 : title == "Options" ? 1 : 2 }

    private func row(_ parameter: ParameterDeclaration) -> (label: String, text: String) {
        var label = parameter.displayName
        switch parameter.role {
        case .argument: break
        case .option: label += " \(parameter.valueName)"
        case .flag(let negative): if let negative { label += ", --\(negative)" }
        }
        if let short = parameter.short { label = "-\(short), \(label)" }
        var text = parameter.summary
        if case .choice(let words) = parameter.valueKind { text += " One of \(words.joined(separator: ", "))." }
        if parameter.isRepeated, case .option = parameter.role { text += " May be given several times." }
        if let defaultText = parameter.defaultText, !defaultText.isEmpty { text += " (default: \(defaultText))" }
        if parameter.isRequired, case .option = parameter.role { text += " (required)" }
        return (label, text)
    }

    private var subcommandSection: String {
        let rows = command.subcommands.map { ($0.configuration.commandName, $0.configuration.abstract) }
        return table("Commands", rows) + "\n\n'\(command.path[0]) help COMMAND' explains a command."
    }

    private var exampleSection: String {
        var lines = [heading("Examples")]
        for example in command.configuration.examples {
            lines.append("  \(style.dim("# \(example.summary)"))")
            lines += example.commandLine.split(separator: "\n").map { "  \(style.cyan(String($0)))" }
        }
        return lines.joined(separator: "\n")
    }

    private func table(_ title: String, _ rows: [(label: String, text: String)]) -> String {
        let column = min(rows.map(\.label.count).max() ?? 0, 30) + 4
        var lines = [heading(title)]
        for (label, text) in rows {
            let body = wrapped(text, indent: column)
            if label.count + 4 > column {
                lines.append("  \(label)")
                lines.append(body)
            } else {
                let padding = String(repeating: " ", count: column - 2 - label.count)
                lines.append("  \(label)\(padding)\(body.drop { $0 == " " })")
            }
        }
        return lines.joined(separator: "\n")
    }

    /// `text` in lines of the style's width, each behind `indent` spaces; blank lines and indented lines stay.
    private func wrapped(_ text: String, indent: Int) -> String {
        let margin = String(repeating: " ", count: indent)
        var lines: [String] = []
        for paragraph in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if paragraph.isEmpty || paragraph.hasPrefix(" ") {
                lines.append(paragraph.isEmpty ? "" : margin + paragraph)
                continue
            }
            var line = margin
            for word in paragraph.split(separator: " ") {
                if line.count + word.count + 1 > style.width, line.count > indent {
                    lines.append(line)
                    line = margin
                }
                line += line.count > indent ? " \(word)" : String(word)
            }
            lines.append(line)
        }
        return lines.joined(separator: "\n")
    }
}
