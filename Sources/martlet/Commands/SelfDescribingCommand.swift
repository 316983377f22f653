import CommandLine

/// A command that writes a text about the program itself.
protocol SelfDescribingCommand: ParsableCommand {
    /// - Parameter program: the program with all its commands.
    func text(of program: CommandDeclaration) -> String
}
