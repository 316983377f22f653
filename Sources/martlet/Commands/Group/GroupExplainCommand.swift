import CommandLine
import KafkaClientCore
import KafkaProtocol

struct GroupExplainCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "explain", abstract: "Say what happened to a group, why it rebalanced, and who lags",
            discussion: """
                While a group rebalances this says whom it waits for, since when, and when it goes on without them.

                A coordinator remembers the last 64 events of each group: who joined, left or was thrown out, and why; \
                rebalances; assignments. Besides it remembers the last 16 clients that were refused, why and how \
                often. It keeps all that in memory only: a restart forgets it. Kafka's brokers do not remember; of \
                their groups this says who lags.
                """,
            examples: [
                Example("why did it rebalance", "martlet group explain billing"),
                Example(
                    "the events and whom it waits for, a JSON object a line", "martlet group explain billing --json"),
            ], seeAlso: ["martlet group describe"])
    }

    @Argument(valueName: "GROUP", help: "The name of the group.")
    var group: String
    @Flag(help: "Write the events, and whom the group waits for, a JSON object a line.")
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
        session.write(history.awaited.reduce(into: []) { $0.appendAwaited($1) })
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
                tell(history, report, session)
            case .failure(let error) where error.code == .broker(.groupIdNotFound) && history != nil:
                tell(history, nil, session)
            case .failure(let error): session.fail(error)
            }
        }
    }

    private func tell(_ history: GroupHistory?, _ report: GroupReport?, _ session: ClientSession) {
        let command = session.hint("martlet group describe \(group.printable)")
        let story = GroupStory(group: group, history: history, report: report, command: command)
        session.write(story.text(session.terminal.outputStyle))
        let hasProblems = report.map(session.reportProblems) ?? false
        session.finish(hasProblems ? .failure : .success)
    }
}

extension [UInt8] {
    fileprivate mutating func appendEvent(_ event: GroupHistory.Event) {
        append(
            contentsOf: "{\"time\":\"\(Instant.text(event.time))\",\"generation\":\(event.generation),\"event\":".utf8)
        appendJSON(event.kind.utf8)
        appendMember(event.member)
        append(contentsOf: ",\"reason\":".utf8)
        appendJSON(event.reason.utf8)
        append(contentsOf: ",\"count\":\(event.count)".utf8)
        appendTime("firstTime", event.firstTime)
        append(contentsOf: "}\n".utf8)
    }

    fileprivate mutating func appendAwaited(_ awaited: GroupHistory.Awaited) {
        append(contentsOf: "{\"event\":\"awaited\"".utf8)
        appendMember(awaited.member)
        append(contentsOf: ",\"task\":".utf8)
        appendJSON(awaited.task.utf8)
        appendTime("since", awaited.since)
        appendTime("lastHeard", awaited.lastHeard)
        appendTime("deadline", awaited.deadline)
        appendTime("sessionEnd", awaited.sessionEnd)
        append(contentsOf: "}\n".utf8)
    }

    private mutating func appendMember(_ member: GroupHistory.Member?) {
        let fields = [
            ("member", member?.id), ("instance", member?.instanceId), ("client", member?.clientId),
            ("host", member?.host),
        ]
        for (name, value) in fields {
            append(contentsOf: ",\"\(name)\":".utf8)
            appendJSON(optional: value.flatMap { $0.isEmpty ? nil : $0 })
        }
    }

    private mutating func appendTime(_ name: String, _ time: Int64?) {
        append(contentsOf: ",\"\(name)\":".utf8)
        appendJSON(optional: time.map(Instant.text))
    }
}
