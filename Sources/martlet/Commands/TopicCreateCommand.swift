import CommandLine
import KafkaClientCore
import KafkaProtocol

struct TopicCreateCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "create", abstract: "Create topics",
            discussion: "What is not said is left to the brokers' defaults.",
            examples: [
                Example("one partition, or what the broker is set to", "martlet topic create orders"),
                Example(
                    "twelve partitions, records kept for a week",
                    "martlet topic create orders --partitions 12 --config retention.ms=604800000"),
                Example(
                    "the last record of each key is kept",
                    "martlet topic create customers --config cleanup.policy=compact"),
            ], seeAlso: ["martlet topic describe", "martlet topic delete"])
    }

    @Argument(isRequired: true, valueName: "TOPIC", help: "Names of the topics.")
    var topics: [String]
    @Option(name: .long(short: "p"), valueName: "N", help: "Partitions of each topic.")
    var partitions: Int32?
    @Option(name: .long(short: "r"), valueName: "N", help: "Brokers that hold each partition.")
    var replicationFactor: Int16?
    @Option(name: .customLong("config", short: "c"), valueName: "KEY=VALUE", help: "A setting of the topics.")
    var settings: [KeyValueArgument]
    @Flag(help: "Topics that are there already are fine.")
    var ifNotExists = false
    @OptionGroup(title: "Connection options") var connection: ConnectionOptions

    func validate() throws {
        if let partitions, partitions < 1 { throw ValidationError("--partitions must be at least 1") }
        if let replicationFactor, replicationFactor < 1 {
            throw ValidationError("--replication-factor must be at least 1")
        }
    }

    func run() throws {
        let newTopics = topics.map { name in
            NewTopic(
                name: name, partitionCount: partitions, replicationFactor: replicationFactor,
                configuration: settings.map { ($0.key, $0.value) })
        }
        try ClientSession.run(connection) { session in
            session.client.createTopics(newTopics) { results in
                var hasFailed = false
                for (name, result) in results {
                    switch result {
                    case .success(let topic):
                        session.write("created \(name)\(TopicCreateCommand.shape(topic))\n")
                    case .failure(let error) where ifNotExists && error.code == .broker(.topicAlreadyExists):
                        session.write("\(name) exists\n")
                    case .failure(let error):
                        hasFailed = true
                        session.report(error, changing: settings.map(\.key), of: .topic(name))
                    }
                }
                session.finish(hasFailed ? .failure : .success)
            }
        }
    }

    /// Partitions and replicas, where the broker told them.
    private static func shape(_ topic: CreatedTopic) -> String {
        guard topic.partitionCount > 0 else { return "" }
        let replicas = topic.replicationFactor == 1 ? "" : ", \(topic.replicationFactor) replicas each"
        return " (\(counted(topic.partitionCount, "partition"))\(replicas))"
    }
}
