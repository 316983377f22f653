/// Reads the words that follow a command's name into the properties of the command.
struct ParameterReader {
    private let command: any ParsableCommand
    private let declaration: CommandDeclaration
    private let parameters: [DeclaredParameter]
    private var positionals: ArraySlice<DeclaredParameter>

    init(command: any ParsableCommand, declaration: CommandDeclaration) {
        self.command = command
        self.declaration = declaration
        parameters = declaredParameters(of: command)
        positionals = parameters.filter { if case .argument = $0.declaration.role { true } else { false } }[...]
    }

    mutating func read(_ arguments: ArraySlice<String>) throws(UsageError) -> ParsedCommandLine {
        var words = arguments
        var optionsEnded = false
        while let word = words.popFirst() {
            if optionsEnded || !word.hasPrefix("-") || word == "-" {
                try readPositional(word)
            } else if word == "--" {
                optionsEnded = true
            } else if word == "--help" || word == "-h" {
                return .help(declaration)
            } else if word.hasPrefix("--") {
                try readLong(word, &words)
            } else {
                try readShort(word, &words)
            }
        }
        try checkRequired()
        return .run(try validated())
    }

    private mutating func readPositional(_ word: String) throws(UsageError) {
        guard let parameter = positionals.first else {
            throw error("unexpected argument '\(word)'", hint: "Quote a value that contains spaces.")
        }
        try accept(word, for: parameter)
        if !parameter.declaration.isRepeated { positionals.removeFirst() }
    }

    private func readLong(_ word: String, _ words: inout ArraySlice<String>) throws(UsageError) {
        let body = word.dropFirst(2)
        let name = String(body.prefix { $0 != "=" })
        let attached = name.utf8.count < body.utf8.count ? String(body.dropFirst(name.count + 1)) : nil
        for parameter in parameters {
            switch parameter.declaration.role {
            case .option where parameter.declaration.answers(to: name):
                return try accept(try value(attached, &words, for: parameter), for: parameter)
            case .flag(let negative) where parameter.declaration.answers(to: name) || negative == name:
                guard attached == nil else { throw error("--\(name) takes no value") }
                return try accept(name == negative ? "false" : "true", for: parameter)
            default:
                continue
            }
        }
        throw unknownOption(name)
    }

    /// `-p 3`, `-p3`, `-abc` for three flags.
    private func readShort(_ word: String, _ words: inout ArraySlice<String>) throws(UsageError) {
        var letters = word.dropFirst()
        while let letter = letters.popFirst() {
            guard let parameter = parameters.first(where: { $0.declaration.short == letter }) else {
                throw error("unknown option -\(letter)")
            }
            if case .flag = parameter.declaration.role {
                try accept("true", for: parameter)
                continue
            }
            var attached = letters.isEmpty ? nil : String(letters)
            if attached?.hasPrefix("=") == true { attached?.removeFirst() }
            return try accept(try value(attached, &words, for: parameter), for: parameter)
        }
    }

    private func value(
        _ attached: String?, _ words: inout ArraySlice<String>, for parameter: DeclaredParameter
    ) throws(UsageError) -> String {
        if let attached { return attached }
        let name = parameter.declaration.displayName
        guard let next = words.first else {
            throw error("\(name) wants a value", hint: "Write \(name) \(parameter.declaration.valueName).")
        }
        let looksLikeOption = next.hasPrefix("-") && next != "-" && Int64(next) == nil
        guard !looksLikeOption else {
            throw error("\(name) wants a value", hint: "Write \(name)=\(next) if that is the value.")
        }
        words.removeFirst()
        return next
    }

    private func accept(_ text: String, for parameter: DeclaredParameter) throws(UsageError) {
        do throws(InvalidArgument) {
            try parameter.storage.accept(text)
        } catch {
            throw self.error("invalid value '\(text)' for \(parameter.declaration.displayName): \(error.reason)")
        }
    }

    private func checkRequired() throws(UsageError) {
        for parameter in parameters where parameter.declaration.isRequired && !parameter.storage.hasValue {
            let declared = parameter.declaration
            if case .argument = declared.role {
                throw error("\(declared.valueName) is missing", hint: "\(declared.valueName): \(declared.summary)")
            }
            throw error("\(declared.displayName) is missing", hint: "\(declared.displayName): \(declared.summary)")
        }
    }

    private func validated() throws(UsageError) -> any ParsableCommand {
        var command = command
        do {
            try validateGroups(of: command)
            try command.validate()
        } catch let invalid as ValidationError {
            throw error(invalid.message, hint: invalid.hint)
        } catch {
            throw self.error("\(error)")
        }
        return command
    }

    private func unknownOption(_ name: String) -> UsageError {
        var names: [String] = ["help"]
        for parameter in parameters {
            switch parameter.declaration.role {
            case .option: names += [parameter.declaration.name] + parameter.declaration.aliases
            case .flag(let negative):
                names += [parameter.declaration.name] + parameter.declaration.aliases + (negative.map { [$0] } ?? [])
            case .argument: continue
            }
        }
        return error(
            "unknown option --\(name)", hint: nearest(to: name, among: names).map { "Did you mean --\($0)?" })
    }

    private func error(_ message: String, hint: String? = nil) -> UsageError {
        UsageError(message: message, hint: hint, command: declaration)
    }
}
