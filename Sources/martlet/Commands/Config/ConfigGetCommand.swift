import CommandLine
import KafkaClientCore
import KafkaProtocol

struct ConfigGetCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "get", abstract: "Show settings, where they come from, and which cannot be changed",
            discussion: """
                Without --all and without names only what is set for the topic, group or broker itself is shown; for a broker \
                that is also what it was started with.
                """,
            examples: [
                Example("what is set for a topic", "martlet config get --topic orders"),
                Example("all that counts for it", "martlet config get --topic orders --all"),
                Example("one setting, whether it is set or not", "martlet config get --topic orders retention.ms"),
                Example("what a group goes by", "martlet config get --group billing --all"),
                Example("what was set for all brokers", "martlet config get --broker default"),
                Example("a broker's log levels, a JSON object a line", "martlet config get --logger 1 --json"),
            ], seeAlso: ["martlet config set", "martlet config unset"])
    }

    @Argument(isRequired: false, valueName: "KEY", help: "Names of settings; they are shown wherever they come from.")
    var keys: [String]
    @OptionGroup(title: "Whose settings") var target: ResourceOptions
    @Flag(name: .long(short: "a"), help: "Show what comes from elsewhere and what is built in too.")
    var all = false
    @Flag(help: "Write a JSON object a line.")
    var json = false
    @OptionGroup(title: "Connection options") var connection: ConnectionOptions

    func run() throws {
        let resource = target.resource
        try ClientSession.run(connection) { session in
            session.reach(resource) {
                session.client.describeSettings(of: [resource], names: keys.isEmpty ? nil : keys) { results in
                    switch results[0] {
                    case .failure(let error): session.fail(error)
                    case .success(let settings): show(settings, of: resource, session)
                    }
                }
            }
        }
    }

    private func show(_ settings: [DescribedSetting], of resource: ConfigurationResource, _ session: ClientSession) {
        let isComplete = all || !keys.isEmpty
        let shown = settings.filter { isComplete || $0.isOwn(of: resource) }
        if json {
            var output: [UInt8] = []
            for setting in shown { output.appendSetting(setting) }
            session.write(output)
        } else if !shown.isEmpty {
            session.write(table(shown))
        }
        let unknown = keys.filter { key in !settings.contains { $0.name == key } }
        for key in unknown {
            let isOnlyUnset = resource == .brokerDefaults
            let reason = isOnlyUnset ? "\(key) is not set for \(resource)" : "\(resource) has no setting \(key)"
            session.report(ClientError(.broker(.invalidConfig), reason), changing: [key], of: resource)
        }
        if shown.isEmpty, unknown.isEmpty, !json {
            session.terminal.writeError("nothing is set for \(resource); --all shows what counts for it\n")
        }
        session.finish(unknown.isEmpty ? .success : .failure)
    }

    private func table(_ settings: [DescribedSetting]) -> String {
        var table = TextTable(["setting", "value", "source", ""])
        for setting in settings {
            table.append([
                setting.name, setting.shownValue, setting.source.text, setting.isReadOnly ? "read-only" : "",
            ])
        }
        return table.text
    }
}

extension DescribedSetting {
    /// Whether it is set for the resource itself.
    func isOwn(of resource: ConfigurationResource) -> Bool {
        switch resource {
        case .topic: source == .topic
        case .group: source == .group
        case .broker: source == .broker || source == .startOfBroker
        case .brokerDefaults: source == .brokerDefaults
        case .brokerLoggers: source == .brokerLogger
        }
    }

    /// The value for people to read.
    var shownValue: String { isSensitive ? "(secret)" : value.map { $0.isEmpty ? "(empty)" : $0 } ?? "(none)" }
}

extension DescribedSetting.Source {
    /// For people to read.
    var text: String {
        switch self {
        case .unknown: "unknown"
        case .topic: "topic"
        case .broker: "broker"
        case .brokerDefaults: "all brokers"
        case .startOfBroker: "start of broker"
        case .builtIn: "built in"
        case .brokerLogger: "logger"
        case .clientMetrics: "client metrics"
        case .group: "group"
        }
    }

    /// Kafka's name.
    fileprivate var kafkaName: String {
        switch self {
        case .unknown: "UNKNOWN"
        case .topic: "DYNAMIC_TOPIC_CONFIG"
        case .broker: "DYNAMIC_BROKER_CONFIG"
        case .brokerDefaults: "DYNAMIC_DEFAULT_BROKER_CONFIG"
        case .startOfBroker: "STATIC_BROKER_CONFIG"
        case .builtIn: "DEFAULT_CONFIG"
        case .brokerLogger: "DYNAMIC_BROKER_LOGGER_CONFIG"
        case .clientMetrics: "DYNAMIC_CLIENT_METRICS_CONFIG"
        case .group: "DYNAMIC_GROUP_CONFIG"
        }
    }
}

extension [UInt8] {
    fileprivate mutating func appendSetting(_ setting: DescribedSetting) {
        append(contentsOf: "{\"name\":".utf8)
        appendJSON(setting.name.utf8)
        append(contentsOf: ",\"value\":".utf8)
        appendJSON(optional: setting.value)
        append(contentsOf: ",\"source\":\"\(setting.source.kafkaName)\",\"readOnly\":\(setting.isReadOnly)".utf8)
        append(contentsOf: ",\"sensitive\":\(setting.isSensitive)}\n".utf8)
    }
}
