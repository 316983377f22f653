/// What a command line asks for.
public enum ParsedCommandLine {
    /// Run this command, whose properties hold the values given.
    case run(any ParsableCommand)
    /// Print this help.
    case help(CommandDeclaration)
    /// Print this version.
    case version(String)
}
