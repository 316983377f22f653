import CommandLine

struct LogCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "log", abstract: "Look into the files of partitions, and check them",
            discussion: """
                These commands read files and need no broker. They change nothing, and may be used while a broker \
                runs over the same directory.
                """,
            examples: [
                Example("check all that a broker stores", "martlet log verify ./data"),
                Example("see the batches of a partition", "martlet log dump ./data/orders-0"),
            ],
            subcommands: [LogDumpCommand.self, LogVerifyCommand.self], seeAlso: ["martlet consume"])
    }
}
