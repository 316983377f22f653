/// A command as data: what help, completion scripts and manual pages are made from.
public struct CommandDeclaration: Sendable {
    /// The words that lead to it, the program's name first.
    public let path: [String]
    public let configuration: CommandConfiguration
    public let parameters: [ParameterDeclaration]
    public let subcommands: [CommandDeclaration]

    /// The words as they are typed.
    public var fullName: String { path.joined(separator: " ") }

    /// Reads the declaration of `command` and of everything below it.
    public init(of command: any ParsableCommand.Type, parents: [String] = []) {
        configuration = command.configuration
        let path = parents + [command.configuration.commandName]
        self.path = path
        parameters = declaredParameters(of: command.init()).map(\.declaration)
        subcommands = command.configuration.subcommands.map { CommandDeclaration(of: $0, parents: path) }
    }
}

/// One option, flag or positional argument.
public struct ParameterDeclaration: Sendable {
    public enum Role: Sendable {
        /// `--name VALUE`
        case option
        /// `--name`; with a negative name when it can be turned off.
        case flag(negativeName: String?)
        /// A word by its place.
        case argument
    }

    public let role: Role
    /// The long name without dashes; for an argument, the property's name.
    public let name: String
    public let short: Character?
    /// Other long names that mean the same, which help does not show.
    public let aliases: [String]
    /// The placeholder in help: `HOST:PORT`.
    public let valueName: String
    public let valueKind: ValueKind
    public let summary: String
    /// The default as it would be typed; nil when there is none worth showing.
    public let defaultText: String?
    public let isRequired: Bool
    public let isRepeated: Bool
    /// The heading under which help shows it; empty is the command's own.
    public var section: String = ""

    /// Whether `--name` means it.
    func answers(to name: String) -> Bool { self.name == name || aliases.contains(name) }

    /// How messages call it: `--partitions`, or `TOPIC`.
    public var displayName: String {
        if case .argument = role { return valueName }
        return "--\(name)"
    }
}

/// A parameter found in an instance: its declaration and the place for its values.
struct DeclaredParameter {
    var declaration: ParameterDeclaration
    let storage: any ParameterStorage
}

/// The inner side of a property wrapper: takes what the parser found.
protocol ParameterStorage: AnyObject {
    /// A value for an option or argument; for a flag, "true" or "false".
    func accept(_ text: String) throws(InvalidArgument)
    /// Whether the property may be read: it has a default or was given.
    var hasValue: Bool { get }
}

/// A property wrapper that stands for one parameter.
protocol ParameterProperty {
    func declared(property: String) -> DeclaredParameter
}

/// A property wrapper that stands for a group of them.
protocol ParameterGroup {
    var title: String { get }
    var members: any ParsableArguments { get }
    func validateMembers() throws
}

/// The parameters that an instance declares, in the order of its properties. They share storage with the instance.
func declaredParameters(of arguments: any ParsableArguments) -> [DeclaredParameter] {
    var found: [DeclaredParameter] = []
    for child in Mirror(reflecting: arguments).children {
        // The stored property behind `@Option var name` is called `_name`.
        let property = String((child.label ?? "").drop { $0 == "_" })
        if let parameter = child.value as? any ParameterProperty {
            found.append(parameter.declared(property: property))
        } else if let group = child.value as? any ParameterGroup {
            for var member in declaredParameters(of: group.members) {
                if member.declaration.section.isEmpty { member.declaration.section = group.title }
                found.append(member)
            }
        }
    }
    return found
}

/// Runs `validate()` of every option group of an instance.
func validateGroups(of arguments: any ParsableArguments) throws {
    for child in Mirror(reflecting: arguments).children {
        if let group = child.value as? any ParameterGroup { try group.validateMembers() }
    }
}
