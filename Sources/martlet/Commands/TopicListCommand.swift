import CommandLine
import KafkaClientCore

struct TopicListCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "list", abstract: "List topics",
            examples: [
                Example("names, one a line", "martlet topic list"),
                Example("with their partitions, as JSON lines", "martlet topic list --json"),
            ], seeAlso: ["martlet topic describe"])
    }

    @Flag(help: "List the topics that brokers keep for themselves too.")
    var `internal` = false
    @Flag(help: "Write a JSON object a line.")
    var json = false
    @OptionGroup(title: "Connection options") var connection: ConnectionOptions

    func run() throws {
        try ClientSession.run(connection) { session in
            session.client.describeCluster { result in
                switch result {
                case .failure(let error): session.fail(error)
                case .success(let cluster):
                    var output: [UInt8] = []
                    for topic in cluster.topics.values.sorted(by: { $0.name < $1.name }) {
                        guard self.internal || !topic.isInternal else { continue }
                        json ? output.appendSummary(of: topic) : output.append(contentsOf: topic.name.utf8)
                        output.append(UInt8(ascii: "\n"))
                    }
                    session.write(output)
                    session.finish()
                }
            }
        }
    }
}

extension [UInt8] {
    fileprivate mutating func appendSummary(of topic: ClusterMetadata.Topic) {
        append(contentsOf: "{\"topic\":".utf8)
        appendJSON(topic.name.utf8)
        append(contentsOf: ",\"id\":\"\(topic.id)\",\"partitions\":\(topic.partitions.count)".utf8)
        append(contentsOf: ",\"internal\":\(topic.isInternal)}".utf8)
    }
}
