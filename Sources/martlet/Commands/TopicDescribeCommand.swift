import CommandLine
import KafkaClientCore
import KafkaProtocol

struct TopicDescribeCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "describe", abstract: "Show topics with their own settings, partitions, leaders and replicas",
            examples: [
                Example("one topic", "martlet topic describe orders"),
                Example("all of them, a JSON object a line", "martlet topic describe --json"),
            ], seeAlso: ["martlet topic list", "martlet config get"])
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
                case .success(let cluster):
                    let there = cluster.topics.keys.sorted()
                    addSettings(of: there[...], to: [:], session) { show(cluster, settings: $0, session) }
                }
            }
        }
    }

    /// Topics whose settings are asked for at a time: a broker tells some forty settings of each.
    private static let topicsPerRequest = 200

    private typealias TopicSettings = Result<[DescribedSetting], ClientError>

    /// Asks for what is set for the topics themselves.
    private func addSettings(
        of topics: ArraySlice<String>, to known: [String: TopicSettings], _ session: ClientSession,
        completion: @escaping ([String: TopicSettings]) -> Void
    ) {
        let some = topics.prefix(TopicDescribeCommand.topicsPerRequest)
        if some.isEmpty { return completion(known) }
        let resources = some.map(ConfigurationResource.topic)
        session.client.describeSettings(of: resources) { results in
            var found = known
            for (index, name) in some.enumerated() {
                found[name] = results[index].map { $0.filter { $0.isOwn(of: resources[index]) } }
            }
            addSettings(of: topics.dropFirst(some.count), to: found, session, completion: completion)
        }
    }

    private func show(_ cluster: ClusterMetadata, settings: [String: TopicSettings], _ session: ClientSession) {
        let names = topics.isEmpty ? cluster.topics.keys.sorted() : topics
        var output: [UInt8] = []
        var hasFailed = false
        for name in names {
            var problem: ClientError?
            if let topic = cluster.topics[name] {
                var own: [DescribedSetting] = []
                switch settings[name] {
                case .success(let found)?: own = found
                case .failure(let error)?: problem = error
                case nil: break
                }
                json
                    ? output.appendDescription(of: topic, own)
                    : output.append(contentsOf: description(topic, own, session.terminal.outputStyle).utf8)
            } else {
                let code = cluster.topicErrors[name]?.rawValue ?? -1
                problem = ClientError(code, doing: "describing topic \(name)")
            }
            if let problem {
                hasFailed = true
                session.write(output)
                output = []
                session.report(problem)
            }
        }
        session.write(output)
        session.finish(hasFailed ? .failure : .success)
    }

    private func description(_ topic: ClusterMetadata.Topic, _ own: [DescribedSetting], _ style: Style) -> String {
        let count = topic.partitions.count
        let head = "\(style.bold(topic.name))  \(counted(count, "partition"))"
        var text = "\(head)  id \(topic.id)\(topic.isInternal ? "  internal" : "")\n"
        for setting in own { text += "  \(setting.name)=\(setting.shownValue)\n" }
        var table = TextTable(["partition", "leader", "epoch", "replicas", "in sync"], indentation: 2)
        for partition in topic.partitions {
            table.append([
                "\(partition.index)", partition.leader.map { "\($0)" } ?? "none", "\(partition.leaderEpoch)",
                list(partition.replicas), list(partition.inSyncReplicas),
            ])
        }
        return text + table.text
    }

    private func list(_ ids: [Int32]) -> String { ids.map { "\($0)" }.joined(separator: ",") }
}

extension [UInt8] {
    fileprivate mutating func appendDescription(of topic: ClusterMetadata.Topic, _ own: [DescribedSetting]) {
        append(contentsOf: "{\"topic\":".utf8)
        appendJSON(topic.name.utf8)
        append(contentsOf: ",\"id\":\"\(topic.id)\",\"internal\":\(topic.isInternal),\"config\":{".utf8)
        appendList(own) { output, setting in
            output.appendJSON(setting.name.utf8)
            output.append(UInt8(ascii: ":"))
            output.appendJSON(optional: setting.value)
        }
        append(contentsOf: "},\"partitions\":[".utf8)
        appendList(topic.partitions) { output, partition in
            let leader = partition.leader.map { "\($0)" } ?? "null"
            output.append(contentsOf: "{\"partition\":\(partition.index),\"leader\":\(leader)".utf8)
            output.append(contentsOf: ",\"leaderEpoch\":\(partition.leaderEpoch)".utf8)
            output.append(
                contentsOf: ",\"replicas\":\(partition.replicas),\"inSync\":\(partition.inSyncReplicas)}".utf8)
        }
        append(contentsOf: "]}\n".utf8)
    }
}
