import CommandLine
import KafkaClientCore
import KafkaProtocol

struct TopicDeleteCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "delete", abstract: "Delete topics and all their records",
            discussion: "There is no way back.",
            examples: [
                Example("one topic", "martlet topic delete orders"),
                Example("some, whether they are there or not", "martlet topic delete a b c --if-exists"),
            ], seeAlso: ["martlet topic list"])
    }

    @Argument(isRequired: true, valueName: "TOPIC", help: "Names of the topics.")
    var topics: [String]
    @Flag(help: "Topics that are not there are fine.")
    var ifExists = false
    @OptionGroup(title: "Connection options") var connection: ConnectionOptions

    func run() throws {
        try ClientSession.run(connection) { session in
            session.client.deleteTopics(topics) { results in
                var hasFailed = false
                for (name, result) in results {
                    switch result {
                    case .success: session.write("deleted \(name)\n")
                    case .failure(let error) where ifExists && error.code == .broker(.unknownTopicOrPartition):
                        session.write("\(name) does not exist\n")
                    case .failure(let error):
                        hasFailed = true
                        session.report(error)
                    }
                }
                session.finish(hasFailed ? .failure : .success)
            }
        }
    }
}
