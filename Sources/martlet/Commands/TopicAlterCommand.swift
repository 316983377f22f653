import CommandLine
import KafkaClientCore

struct TopicAlterCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "alter", abstract: "Give a topic more partitions, and change its settings",
            discussion: """
                Partitions can only become more. Records stay where they are, but a key may go to another partition \
                from then on. Settings are changed first; all of them or, where one is refused, nothing is changed.
                """,
            examples: [
                Example("twelve partitions altogether", "martlet topic alter orders --partitions 12"),
                Example(
                    "records for a day, and segments as the brokers have it",
                    "martlet topic alter orders --config retention.ms=86400000 --unset segment.bytes"),
            ], seeAlso: ["martlet topic describe", "martlet config set"])
    }

    @Argument(valueName: "TOPIC", help: "The name of the topic.")
    var topic: String
    @Option(name: .long(short: "p"), valueName: "N", help: "Partitions that it is to have altogether.")
    var partitions: Int32?
    @Option(name: .customLong("config", short: "c"), valueName: "KEY=VALUE", help: "A setting of the topic.")
    var settings: [KeyValueArgument]
    @Option(valueName: "KEY", help: "A setting that is to be left to the brokers again.")
    var unset: [String]
    @OptionGroup(title: "Connection options") var connection: ConnectionOptions

    func validate() throws {
        if let partitions, partitions < 1 { throw ValidationError("--partitions must be at least 1") }
        if partitions == nil, settings.isEmpty, unset.isEmpty {
            throw ValidationError(
                "there is nothing to change", hint: "Give --partitions N, --config KEY=VALUE or --unset KEY.")
        }
    }

    func run() throws {
        let changes =
            settings.map { SettingChange(name: $0.key, value: $0.value) }
            + unset.map { SettingChange(name: $0, value: nil) }
        try ClientSession.run(connection) { session in
            guard !changes.isEmpty else { return addPartitions(session) }
            let resource = ConfigurationResource.topic(topic)
            session.client.alterSettings(of: resource, changes) { result in
                switch result {
                case .failure(let error):
                    session.report(error, changing: changes.map(\.name), of: resource)
                    session.finish(.failure)
                case .success:
                    session.report(changes, of: resource)
                    addPartitions(session)
                }
            }
        }
    }

    private func addPartitions(_ session: ClientSession) {
        guard let partitions else { return session.finish() }
        session.client.createPartitions(of: topic, count: partitions) { result in
            switch result {
            case .failure(let error): session.fail(error)
            case .success:
                session.write("\(topic) has \(partitions) partitions\n")
                session.finish()
            }
        }
    }
}
