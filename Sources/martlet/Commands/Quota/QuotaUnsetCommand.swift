import CommandLine
import KafkaClientCore

struct QuotaUnsetCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "unset", abstract: "Take quotas away",
            discussion: "A less precise quota may hold for the clients from then on. Which there are says 'quota get'.",
            examples: [
                Example("of a client id", "martlet quota unset --client-id batch producer_byte_rate"),
                Example("of whoever has none", "martlet quota unset --default-user request_percentage"),
            ], seeAlso: ["martlet quota get", "martlet quota set"])
    }

    @Argument(isRequired: true, valueName: "KEY", help: "Names of quotas.")
    var keys: [String]
    @OptionGroup(title: "Whose quotas") var target: QuotaEntityOptions
    @OptionGroup(title: "Connection options") var connection: ConnectionOptions

    func validate() throws { try target.requireEntity() }

    func run() throws {
        try ClientSession.run(connection) { session in
            session.alterQuotas(of: target.entity, keys.map { ($0, nil) })
        }
    }
}
