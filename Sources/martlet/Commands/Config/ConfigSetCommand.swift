import CommandLine
import KafkaClientCore

struct ConfigSetCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "set", abstract: "Change settings while the broker runs",
            discussion: """
                All of them are changed or, where one is refused, none. Log levels have the names that 'martlet server \
                --log-level' takes or Kafka's, in any case; brokers keep them by Kafka's: notice is INFO, critical FATAL.
                """,
            examples: [
                Example("keep a topic's records for a day", "martlet config set --topic orders retention.ms=86400000"),
                Example(
                    "for every topic that says nothing", "martlet config set --broker default log.retention.ms=86400000"
                ),
                Example(
                    "miss members of a group sooner",
                    "martlet config set --group billing consumer.session.timeout.ms=45000"),
                Example("see more of what a broker does", "martlet config set --logger 1 root=debug"),
            ], seeAlso: ["martlet config get", "martlet config unset"])
    }

    @Argument(isRequired: true, valueName: "KEY=VALUE", help: "Settings and their new values.")
    var settings: [KeyValueArgument]
    @OptionGroup(title: "Whose settings") var target: ResourceOptions
    @OptionGroup(title: "Connection options") var connection: ConnectionOptions

    func validate() throws {
        guard target.logger != nil else { return }
        for setting in settings {
            do throws(InvalidArgument) {
                _ = try LogLevelArgument(argument: setting.value)
            } catch {
                throw ValidationError("invalid level '\(setting.value)' for \(setting.key): \(error.reason)")
            }
        }
    }

    func run() throws {
        let isOfLogger = target.logger != nil
        let changes = settings.map { setting in
            let level = isOfLogger ? try? LogLevelArgument(argument: setting.value) : nil
            return SettingChange(name: setting.key, value: level?.kafkaName ?? setting.value)
        }
        try ClientSession.run(connection) { session in session.alter(target.resource, changes) }
    }
}
