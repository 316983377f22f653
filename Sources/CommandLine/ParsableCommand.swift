/// A group of options, flags and arguments that the parser can fill: a struct whose properties carry `@Option`,
/// `@Flag`, `@Argument` or `@OptionGroup`.
public protocol ParsableArguments {
    /// An instance with every default in place.
    init()
    /// Checks what types alone cannot say. Throw a `ValidationError` to have it shown with the usage (exit 2).
    mutating func validate() throws
}

extension ParsableArguments {
    public mutating func validate() throws {}
}

/// A command, or a group of commands when its configuration names subcommands.
public protocol ParsableCommand: ParsableArguments, SendableMetatype {
    static var configuration: CommandConfiguration { get }
    /// Does the command's work. Throw an `ExitCode` to end with it when everything was said already.
    mutating func run() throws
}

extension ParsableCommand {
    /// A group of commands has no work of its own: the parser asks for one of its subcommands instead.
    public mutating func run() throws {
        preconditionFailure("\(Self.configuration.commandName) has neither subcommands nor a run() of its own")
    }
}

/// What a command is called and how its help explains it.
public struct CommandConfiguration: Sendable {
    /// The word typed on the command line.
    public var commandName: String
    /// One line, without a full stop, for lists of commands and the top of the help.
    public var abstract: String
    /// Paragraphs for the help of this command alone.
    public var discussion: String
    public var examples: [Example]
    public var subcommands: [any ParsableCommand.Type]
    /// Related commands, as they are typed: `martlet consume`.
    public var seeAlso: [String]
    /// What `--version` prints; nil inherits nothing and makes `--version` an unknown option.
    public var version: String

    public init(
        commandName: String, abstract: String, discussion: String = "", examples: [Example] = [],
        subcommands: [any ParsableCommand.Type] = [], seeAlso: [String] = [], version: String = ""
    ) {
        self.commandName = commandName
        self.abstract = abstract
        self.discussion = discussion
        self.examples = examples
        self.subcommands = subcommands
        self.seeAlso = seeAlso
        self.version = version
    }
}

/// A command line that can be pasted, and what it does.
public struct Example: Sendable {
    public let summary: String
    public let commandLine: String

    public init(_ summary: String, _ commandLine: String) {
        self.summary = summary
        self.commandLine = commandLine
    }
}

/// The status a process ends with.
public struct ExitCode: Error, Equatable, Sendable {
    public let rawValue: Int32

    public init(_ rawValue: Int32) { self.rawValue = rawValue }

    public static let success = ExitCode(0)
    public static let failure = ExitCode(1)
    /// The command line or the configuration is wrong.
    public static let usage = ExitCode(2)
    /// Ended by SIGINT, as shells count it.
    public static let interrupted = ExitCode(130)
}
