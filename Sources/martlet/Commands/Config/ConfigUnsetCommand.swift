import CommandLine
import KafkaClientCore

struct ConfigUnsetCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "unset", abstract: "Take settings away, so that what lies beneath them counts again",
            discussion: "All of them are taken away or, where one is refused, none.",
            examples: [
                Example("leave it to the brokers", "martlet config unset --topic orders retention.ms cleanup.policy"),
                Example("for a group", "martlet config unset --group billing consumer.session.timeout.ms"),
                Example("for all brokers", "martlet config unset --broker default log.retention.ms"),
            ], seeAlso: ["martlet config get", "martlet config set"])
    }

    @Argument(isRequired: true, valueName: "KEY", help: "Names of settings.")
    var keys: [String]
    @OptionGroup(title: "Whose settings") var target: ResourceOptions
    @OptionGroup(title: "Connection options") var connection: ConnectionOptions

    func run() throws {
        let changes = keys.map { SettingChange(name: $0, value: nil) }
        try ClientSession.run(connection) { session in session.alter(target.resource, changes) }
    }
}
