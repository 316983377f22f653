/// Completion for bash 4.4 and later. It needs nothing of the package bash-completion, which would load it.
struct BashCompletion {
    let root: CommandDeclaration

    var script: String {
        """
        # bash completion for \(root.fullName), made by '\(root.fullName) completion bash'

        \(root.functionName)() {
            local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
            local command='\(root.fullName)' word options= values= paths=
            COMPREPLY=()
            # The equals sign is a word of its own in --option=value.
            if [[ $current == '=' ]]; then
                current=
            elif [[ $previous == '=' && $COMP_CWORD -gt 2 ]]; then
                previous=${COMP_WORDS[COMP_CWORD - 2]}
            fi
            for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
                case "$command/$word" in
                    \(descents)) command+=" $word" ;;
                    */help) ;;
                    *) break ;;
                esac
            done
            case "$command" in
        \(root.family.map(branch).joined(separator: "\n"))
            esac
            if [[ $current == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
            elif [[ -n $paths ]]; then
                compopt -o filenames 2> /dev/null
                mapfile -t COMPREPLY < <(compgen "$paths" -- "$current")
            else
                mapfile -t COMPREPLY < <(compgen -W "$values" -- "$current")
            fi
        }

        complete -F \(root.functionName) \(root.fullName)

        """
    }

    /// The patterns of all steps from a command to one of its subcommands.
    private var descents: String {
        let steps = root.family.flatMap { command in
            command.subcommands.map { "'\(command.fullName)/\($0.configuration.commandName)'" }
        }
        return steps.isEmpty ? "''" : steps.joined(separator: " | ")
    }

    private func branch(_ command: CommandDeclaration) -> String {
        command.subcommands.isEmpty ? leaf(command) : group(command)
    }

    private func group(_ command: CommandDeclaration) -> String {
        let names = command.subcommands.map(\.configuration.commandName) + ["help"]
        let options = command.configuration.version.isEmpty ? "--help" : "--help --version"
        return """
                    '\(command.fullName)')
                        values='\(names.joined(separator: " "))' options='\(options)'
                        ;;
            """
    }

    private func leaf(_ command: CommandDeclaration) -> String {
        let options = command.switches.flatMap(\.offeredNames) + ["--help"]
        var lines = ["        '\(command.fullName)')", "            case \"$previous\" in"]
        for option in command.switches where option.isOption {
            let names = (option.short.map { ["-\($0)"] } ?? []) + ([option.name] + option.aliases).map { "--\($0)" }
            let pattern = names.joined(separator: " | ")
            lines.append("                \(pattern)) \(assignments(option.valueKind))\(offer(option.valueKind)) ;;")
        }
        let argument = command.arguments.first.map { offer($0.valueKind) } ?? ""
        lines.append("                *) options='\(options.joined(separator: " "))'\(argument) ;;")
        lines += ["            esac", "            ;;"]
        return lines.joined(separator: "\n")
    }

    /// What comes before the values of an option: nothing but them can follow it.
    private func assignments(_ kind: ValueKind) -> String { kind.isOffered ? "options=" : ":" }

    private func offer(_ kind: ValueKind) -> String {
        switch kind {
        case .text, .number: ""
        case .file: " paths=-f"
        case .directory: " paths=-d"
        case .choice(let words): " values=\(singleQuoted(words.joined(separator: " ")))"
        }
    }
}
