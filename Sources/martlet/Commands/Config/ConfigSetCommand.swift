import CommandLine
import KafkaClientCore

struct ConfigSetCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "set", abstract: "Change settings while the broker runs",
            discussion: "All of them are changed or, where one is refused, none.",
            examples: [
                Example("keep a topic's records for a day", "martlet config set --topic orders retention.ms=86400000"),
                Example(
                    "for every topic that says nothing", "martlet config set --broker default log.retention.ms=86400000"
                ),
                Example(
                    "miss members of a group sooner",
                    "martlet config set --group billing consumer.session.timeout.ms=45000"),
                Example("see more of what a broker does", "martlet config set --logger 1 root=DEBUG"),
            ], seeAlso: ["martlet config get", "martlet config unset"])
    }

    @Argument(isRequired: true, valueName: "KEY=VALUE", help: "Settings and their new values.")
    var settings: [KeyValueArgument]
    @OptionGroup(title: "Whose settings") var target: ResourceOptions
    @OptionGroup(title: "Connection options") var connection: ConnectionOptions

    func run() throws {
        let changes = settings.map { SettingChange(name: $0.key, value: $0.value) }
        try ClientSession.run(connection) { session in session.alter(target.resource, changes) }
    }
}
