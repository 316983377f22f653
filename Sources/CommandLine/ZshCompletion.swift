/// Completion for zsh: a function for each command, in the form that `compinit` finds as `_NAME` in `$fpath`.
struct ZshCompletion {
    let root: CommandDeclaration

    var script: String {
        """
        #compdef \(root.fullName)
        # zsh completion for \(root.fullName), made by '\(root.fullName) completion zsh'

        \(root.family.map(function).joined(separator: "\n\n"))

        # Found in $fpath, the file is the body of the function at its first call; otherwise it was sourced.
        if [[ ${funcstack[1]} == \(root.functionName) ]]; then
            \(root.functionName) "$@"
        else
            compdef \(root.functionName) \(root.fullName)
        fi

        """
    }

    private func function(_ command: CommandDeclaration) -> String {
        command.subcommands.isEmpty ? leaf(command) : group(command)
    }

    private func group(_ command: CommandDeclaration) -> String {
        let rows =
            command.subcommands.map { "\($0.configuration.commandName):\($0.configuration.abstract)" }
            + ["help:Explain a command"]
        let branches = command.subcommands.map {
            "                \($0.configuration.commandName)) \($0.functionName) ;;"
        }
        let version =
            command.configuration.version.isEmpty
            ? "" : "\n        '(- : *)'{-V,--version}'[Show the version]' \\"
        return """
            \(command.functionName)() {
                local curcontext="$curcontext" state line
                local -a commands=(
            \(rows.map { "        \(singleQuoted($0))" }.joined(separator: "\n"))
                )
                _arguments -C \\
                    '(- : *)'{-h,--help}'[Show this help]' \\\(version)
                    '1: :->command' \\
                    '*:: :->words'
                case $state in
                    command) _describe -t commands command commands ;;
                    words)
                        case ${line[1]} in
            \(branches.joined(separator: "\n"))
                            help) \(command.functionName) ;;
                        esac
                        ;;
                esac
            }
            """
    }

    private func leaf(_ command: CommandDeclaration) -> String {
        var specifications = ["'(- : *)'{-h,--help}'[Show this help]'"]
        specifications += command.switches.flatMap(switchSpecifications)
        specifications += command.arguments.map { argument in
            let place = argument.isRepeated ? "*" : argument.isRequired ? "" : ":"
            // A message would keep an option from being completed where an argument could stand too.
            let action =
                argument.valueKind.isOffered
                ? action(argument.valueKind) : "_guard \"^-*\" \"\(argument.valueName)\""
            return singleQuoted("\(place):\(escaped(argument.valueName)):\(action)")
        }
        return """
            \(command.functionName)() {
                _arguments -s -S \\
            \(specifications.map { "        \($0)" }.joined(separator: " \\\n"))
            }
            """
    }

    private func switchSpecifications(_ parameter: ParameterDeclaration) -> [String] {
        let summary = "[\(escaped(parameter.shortSummary))]"
        if case .flag(let negativeName?) = parameter.role {
            let names = ["--\(parameter.name)", "--\(negativeName)"]
            return zip(names, ["", "Not: "]).map { name, prefix in
                let summary = escaped(prefix + parameter.shortSummary)
                return singleQuoted("(\(names.joined(separator: " ")))\(name)[\(summary)]")
            }
        }
        let value =
            parameter.isOption ? ":\(escaped(parameter.valueName)):\(action(parameter.valueKind))" : ""
        let (shortMark, longMark) = parameter.isOption ? ("+", "=") : ("", "")
        let exclusion = parameter.isRepeated ? "*" : ""
        guard let short = parameter.short else {
            return [singleQuoted("\(exclusion)--\(parameter.name)\(longMark)\(summary)\(value)")]
        }
        let others = parameter.isRepeated ? "*" : "(-\(short) --\(parameter.name))"
        let names = "{-\(short)\(shortMark),--\(parameter.name)\(longMark)}"
        return ["'\(others)'\(names)\(singleQuoted(summary + value))"]
    }

    private func action(_ kind: ValueKind) -> String {
        switch kind {
        case .text, .number: " "
        case .file: "_files"
        case .directory: "_files -/"
        case .choice(let words): "(\(words.joined(separator: " ")))"
        }
    }

    /// `text` where `_arguments` takes colons and brackets for its own.
    private func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            if "\\:[]".contains(character) { result.append("\\") }
            result.append(character)
        }
        return result
    }
}
