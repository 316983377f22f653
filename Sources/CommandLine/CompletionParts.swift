// What the scripts for all shells are made of.

extension CommandDeclaration {
    /// This command and all below it, each before its own subcommands.
    var family: [CommandDeclaration] { [self] + subcommands.flatMap(\.family) }

    /// The options and flags, without the arguments.
    var switches: [ParameterDeclaration] { parameters.filter { !$0.isArgument } }

    var arguments: [ParameterDeclaration] { parameters.filter(\.isArgument) }

    /// The name as a part of a shell function's.
    var functionName: String { "_" + path.joined(separator: "_").replacing("-", with: "_") }
}

extension ParameterDeclaration {
    var isArgument: Bool { if case .argument = role { true } else { false } }
    var isOption: Bool { if case .option = role { true } else { false } }

    /// The long names that are offered, with their dashes.
    var offeredNames: [String] {
        switch role {
        case .argument: []
        case .option: ["--\(name)"]
        case .flag(let negativeName): ["--\(name)"] + (negativeName.map { ["--\($0)"] } ?? [])
        }
    }

    /// The summary up to the end of its first sentence, without the full stop: what fits beside a completion.
    var shortSummary: String {
        let end = summary.firstRange(of: ". ")?.lowerBound ?? summary.endIndex
        let sentence = summary[..<end]
        return String(sentence.hasSuffix(".") ? sentence.dropLast() : sentence)
    }
}

extension ValueKind {
    /// Whether there is anything to offer for it.
    var isOffered: Bool {
        switch self {
        case .text, .number: false
        case .file, .directory, .choice: true
        }
    }
}

/// `text` as one word for bash and zsh.
func singleQuoted(_ text: String) -> String { "'\(text.replacing("'", with: #"'\''"#))'" }
