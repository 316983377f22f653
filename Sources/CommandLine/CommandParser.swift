/// Turns the words of a command line into a command to run. Pure: it prints nothing and ends nothing.
public struct CommandParser {
    private let root: any ParsableCommand.Type

    public init(_ root: any ParsableCommand.Type) { self.root = root }

    /// Reads `arguments`, the words after the program's name.
    ///
    /// - Throws: a `UsageError` when they make no command.
    public func parse(_ arguments: [String]) throws(UsageError) -> ParsedCommandLine {
        var command = root
        var parents: [String] = []
        var words = arguments[...]
        var wantsHelp = false
        while !command.configuration.subcommands.isEmpty {
            let declaration = CommandDeclaration(of: command, parents: parents)
            guard let word = words.popFirst() else {
                if wantsHelp { return .help(declaration) }
                throw UsageError(message: "a command is missing", hint: Self.list(declaration), command: declaration)
            }
            if word == "help" {
                wantsHelp = true
                continue
            }
            if word == "--help" || word == "-h" { return .help(declaration) }
            if word == "--version" || word == "-V", !command.configuration.version.isEmpty {
                return .version(command.configuration.version)
            }
            guard let next = command.configuration.subcommands.first(where: { $0.configuration.commandName == word })
            else { throw Self.unknown(word, in: declaration) }
            parents.append(command.configuration.commandName)
            command = next
        }
        let declaration = CommandDeclaration(of: command, parents: parents)
        if wantsHelp { return .help(declaration) }
        var reader = ParameterReader(command: command.init(), declaration: declaration)
        return try reader.read(words)
    }

    private static func list(_ declaration: CommandDeclaration) -> String {
        "Commands: \(declaration.subcommands.map(\.configuration.commandName).joined(separator: ", "))"
    }

    private static func unknown(_ word: String, in declaration: CommandDeclaration) -> UsageError {
        if word.hasPrefix("-") {
            return UsageError(
                message: "unknown option \(word)", hint: "A command comes first. \(list(declaration))",
                command: declaration)
        }
        let names = declaration.subcommands.map(\.configuration.commandName)
        let hint = nearest(to: word, among: names).map { "Did you mean '\(declaration.fullName) \($0)'?" }
        return UsageError(message: "unknown command '\(word)'", hint: hint ?? list(declaration), command: declaration)
    }
}
