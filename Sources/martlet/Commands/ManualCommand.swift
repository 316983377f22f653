import CommandLine

struct ManualCommand: SelfDescribingCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "manual", abstract: "Write the manual page, in the form that man reads",
            examples: [
                Example("read it where it is not installed", "martlet manual | man -l -"),
                Example("put it where man finds it", "martlet manual > /usr/local/share/man/man1/martlet.1"),
            ], seeAlso: ["martlet completion"])
    }

    func text(of program: CommandDeclaration) -> String { ManualPage(program).rendered }
}
