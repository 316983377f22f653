import CommandLine

struct ConfigCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "config", abstract: "Show and change settings of topics, groups and brokers",
            discussion: """
                Settings have Kafka's names. A change counts at once, without a restart. What is set for a topic or a \
                group goes before what is set for its broker, that before what is set for all brokers, that before \
                what the broker was started with, and that before what is built in.
                """,
            examples: [
                Example("what is set for a topic", "martlet config get --topic orders"),
                Example("keep its records for a day", "martlet config set --topic orders retention.ms=86400000"),
                Example("leave it to the brokers again", "martlet config unset --topic orders retention.ms"),
            ],
            subcommands: [ConfigGetCommand.self, ConfigSetCommand.self, ConfigUnsetCommand.self],
            seeAlso: ["martlet topic alter", "martlet quota"])
    }
}
