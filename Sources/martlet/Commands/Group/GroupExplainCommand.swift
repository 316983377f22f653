import CommandLine
import KafkaClientCore
import KafkaProtocol

struct GroupExplainCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "explain", abstract: "Say what happened to a group, why it rebalanced, and who lags",
            discussion: """
                A coordinator remembers the last 64 events of each group: who joined, left or was thrown out, and why; \
                rebalances; assignments. It keeps them in memory only: a restart forgets them. Kafka's brokers do not \
                remember; of their groups this says who lags.
                """,
            examples: [
                Example("why did it rebalance", "martlet group explain billing"),
                Example("the events, a JSON object a line", "martlet group explain billing --json"),
            ], seeAlso: ["martlet group describe"])
    }

    @Argument(valueName: "GROUP", help: "The name of the group.")
    var group: String
    @Flag(help: "Write the events, a JSON object a line.")
    var json = false
    @OptionGroup(title: "Connection options") var connection: ConnectionOptions

    func run() throws {
        try ClientSession.run(connection) { session in
            session.client.groupHistory(of: group) { result in
                switch result {
                case .failure(let error): session.fail(error)
                case .success(let history): json ? write(history, session) : examine(history, session)
                }
            }
        }
    }

    private func write(_ history: GroupHistory?, _ session: ClientSession) {
        guard let history else { return notThere(session) }
        session.write(history.events.reduce(into: []) { $0.appendEvent($1) })
        session.finish()
    }

    /// Says why there is nothing: there may be no such group, or a broker that does not remember.
    private func notThere(_ session: ClientSession) {
        session.client.describeGroup(group) { result in
            switch result {
            case .failure(let error): session.fail(error)
            case .success:
                session.fail(ClientError(.unsupportedVersion, "this broker does not remember what happened to groups"))
            }
        }
    }

    private func examine(_ history: GroupHistory?, _ session: ClientSession) {
        session.examine(group) { result in
            switch result {
            case .success(let report):
                session.write(
                    GroupStory(group: group, history: history, report: report).text(session.terminal.outputStyle))
                session.finish()
            case .failure(let error) where error.code == .broker(.groupIdNotFound) && history != nil:
                session.write(
                    GroupStory(group: group, history: history, report: nil).text(session.terminal.outputStyle))
                session.finish()
            case .failure(let error): session.fail(error)
            }
        }
    }
}

extension [UInt8] {
    fileprivate mutating func appendEvent(_ event: GroupHistory.Event) {
        append(
            contentsOf: "{\"time\":\"\(Instant.text(event.time))\",\"generation\":\(event.generation),\"event\":".utf8)
        appendJSON(event.kind.utf8)
        append(contentsOf: ",\"member\":".utf8)
        appendJSON(optional: event.member.isEmpty ? nil : event.member)
        append(contentsOf: ",\"reason\":".utf8)
        appendJSON(event.reason.utf8)
        append(contentsOf: "}\n".utf8)
    }
}
