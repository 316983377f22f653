/// Completion for fish 3.0 and later.
struct FishCompletion {
    let root: CommandDeclaration

    var script: String {
        """
        # fish completion for \(root.fullName), made by '\(root.fullName) completion fish'

        # Whether the words before the cursor lead to the command $argv.
        function _\(root.functionName)_is_at
            set -l command \(root.fullName)
            set -l words (commandline -opc)
            set -e words[1]
            for word in $words
                switch "$command/$word"
                    case \(descents)
                        set command "$command $word"
                    case '*/help'
                    case '*'
                        break
                end
            end
            test "$command" = "$argv"
        end

        complete -c \(root.fullName) -f
        \(root.family.flatMap(lines).joined(separator: "\n"))

        """
    }

    private var descents: String {
        let steps = root.family.flatMap { command in
            command.subcommands.map { quoted("\(command.fullName)/\($0.configuration.commandName)") }
        }
        return steps.isEmpty ? "''" : steps.joined(separator: " ")
    }

    private func lines(_ command: CommandDeclaration) -> [String] {
        let start = "complete -c \(root.fullName) -n \(quoted("_\(root.functionName)_is_at \(command.fullName)"))"
        var lines = command.subcommands.map {
            "\(start) -a \($0.configuration.commandName) -d \(quoted($0.configuration.abstract))"
        }
        if !command.subcommands.isEmpty { lines.append("\(start) -a help -d 'Explain a command'") }
        lines += command.switches.flatMap { parameter in
            switchWords(parameter).map { "\(start) \($0)" }
        }
        for argument in command.arguments where argument.valueKind.isOffered {
            lines.append("\(start) \(value(argument.valueKind))")
        }
        if !command.configuration.version.isEmpty { lines.append("\(start) -s V -l version -d 'Show the version'") }
        lines.append("\(start) -s h -l help -d 'Show this help'")
        return lines
    }

    private func switchWords(_ parameter: ParameterDeclaration) -> [String] {
        var words = "-l \(parameter.name)"
        if let short = parameter.short { words += " -s \(short)" }
        switch parameter.role {
        case .argument: return []
        case .option:
            let option = parameter.valueKind.isOffered ? "-r \(value(parameter.valueKind))" : "-x"
            return ["\(words) \(option) -d \(quoted(parameter.shortSummary))"]
        case .flag(let negativeName):
            let negative = negativeName.map { ["-l \($0) -d \(quoted("Not: \(parameter.shortSummary)"))"] }
            return ["\(words) -d \(quoted(parameter.shortSummary))"] + (negative ?? [])
        }
    }

    private func value(_ kind: ValueKind) -> String {
        switch kind {
        case .text, .number: ""
        case .file: "-F"
        case .directory: "-f -a '(__fish_complete_directories)'"
        case .choice(let words): "-f -a \(quoted(words.joined(separator: " ")))"
        }
    }

    private func quoted(_ text: String) -> String {
        "'\(text.replacing("\\", with: "\\\\").replacing("'", with: "\\'"))'"
    }
}
