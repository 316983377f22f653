import CommandLine

struct QuotaCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "quota", abstract: "Show and change what clients may use",
            discussion: """
                A client that uses more than its quota is slowed down, not refused. Of several quotas that would hold \
                for a client the most precise one does: that of its user and client id goes before that of its user, \
                that before that of its client id, a name before a default. Keys: producer_byte_rate and \
                consumer_byte_rate in bytes a second, request_percentage of a thread's time, \
                controller_mutation_rate in partitions made or deleted a second; for an address \
                connection_creation_rate a second.
                """,
            examples: [
                Example("what is set", "martlet quota get"),
                Example("a megabyte a second", "martlet quota set --client-id batch producer_byte_rate=1048576"),
                Example(
                    "the same for whoever has no quota",
                    "martlet quota set --default-client-id producer_byte_rate=1048576"),
                Example("without limit again", "martlet quota unset --client-id batch producer_byte_rate"),
            ],
            subcommands: [QuotaGetCommand.self, QuotaSetCommand.self, QuotaUnsetCommand.self],
            seeAlso: ["martlet config"])
    }
}
