import CommandLine
import KafkaClientCore
import KafkaProtocol

struct TopicDescribeCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "describe", abstract: "Show topics with their partitions, leaders and replicas",
            examples: [
                Example("one topic", "martlet topic describe orders"),
                Example("all of them, a JSON object a line", "martlet topic describe --json"),
            ], seeAlso: ["martlet topic list"])
    }

    @Argument(isRequired: false, valueName: "TOPIC", help: "Names of the topics; all when none is given.")
    var topics: [String]
    @Flag(help: "Write a JSON object a line.")
    var json = false
    @OptionGroup(title: "Connection options") var connection: ConnectionOptions

    func run() throws {
        try ClientSession.run(connection) { session in
            session.client.describeCluster(topics: topics.isEmpty ? nil : topics) { result in
                switch result {
                case .failure(let error): session.fail(error)
                case .success(let cluster): show(cluster, session)
                }
            }
        }
    }

    private func show(_ cluster: ClusterMetadata, _ session: ClientSession) {
        let names = topics.isEmpty ? cluster.topics.keys.sorted() : topics
        var output: [UInt8] = []
        var hasFailed = false
        for name in names {
            if let topic = cluster.topics[name] {
                json
                    ? output.appendDescription(of: topic)
                    : output.append(contentsOf: description(topic, session.terminal.outputStyle).utf8)
            } else {
                hasFailed = true
                let code = cluster.topicErrors[name]?.rawValue ?? -1
                session.write(output)
                output = []
                session.report(ClientError(code, doing: "describing topic \(name)"))
            }
        }
        session.write(output)
        session.finish(hasFailed ? .failure : .success)
    }

    private func description(_ topic: ClusterMetadata.Topic, _ style: Style) -> String {
        let count = topic.partitions.count
        let head = "\(style.bold(topic.name))  \(count) partition\(count == 1 ? "" : "s")"
        var text = "\(head)  id \(topic.id)\(topic.isInternal ? "  internal" : "")\n"
        var rows = [["partition", "leader", "epoch", "replicas", "in sync"]]
        for partition in topic.partitions {
            rows.append([
                "\(partition.index)", partition.leader.map { "\($0)" } ?? "none", "\(partition.leaderEpoch)",
                list(partition.replicas), list(partition.inSyncReplicas),
            ])
        }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        for row in rows {
            let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
            var line = "  " + cells.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            text += line + "\n"
        }
        return text
    }

    private func list(_ ids: [Int32]) -> String { ids.map { "\($0)" }.joined(separator: ",") }
}

extension [UInt8] {
    fileprivate mutating func appendDescription(of topic: ClusterMetadata.Topic) {
        append(contentsOf: "{\"topic\":".utf8)
        appendJSON(topic.name.utf8)
        append(contentsOf: ",\"id\":\"\(topic.id)\",\"internal\":\(topic.isInternal),\"partitions\":[".utf8)
        for (index, partition) in topic.partitions.enumerated() {
            if index > 0 { append(UInt8(ascii: ",")) }
            let leader = partition.leader.map { "\($0)" } ?? "null"
            append(contentsOf: "{\"partition\":\(partition.index),\"leader\":\(leader)".utf8)
            append(contentsOf: ",\"leaderEpoch\":\(partition.leaderEpoch)".utf8)
            append(contentsOf: ",\"replicas\":\(partition.replicas),\"inSync\":\(partition.inSyncReplicas)}".utf8)
        }
        append(contentsOf: "]}\n".utf8)
    }
}
