import Bytes
import CommandLine
import KafkaClientCore

struct GroupDescribeCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "describe",
            abstract: "Show groups with their members, their offsets and how far they are behind",
            discussion: """
                The lag is told in records and in time: for how long the oldest record that was not read has waited, by \
                its timestamp. When the end of a partition cannot be found out, the command says so and ends with \
                status 1.
                """,
            examples: [
                Example("one group", "martlet group describe billing"),
                Example("all of them, a JSON object a line", "martlet group describe --json"),
            ], seeAlso: ["martlet group list", "martlet group explain"])
    }

    @Argument(isRequired: false, valueName: "GROUP", help: "Names of the groups; all when none is given.")
    var groups: [String]
    @Flag(help: "Write a JSON object a line.")
    var json = false
    @OptionGroup(title: "Connection options") var connection: ConnectionOptions

    func run() throws {
        try ClientSession.run(connection) { session in
            guard groups.isEmpty else { return describe(groups[...], session, hasFailed: false) }
            session.client.listGroups { result in
                switch result {
                case .failure(let error): session.fail(error)
                case .success(let all):
                    // Of the others it is not known how they are described.
                    let known = all.filter { GroupDescription.Kind(rawValue: $0.type ?? "classic") != nil }
                    describe(known.map(\.name)[...], session, hasFailed: false)
                }
            }
        }
    }

    /// One after another, so that many groups are asked for at a pace that brokers do not feel.
    private func describe(_ names: ArraySlice<String>, _ session: ClientSession, hasFailed: Bool) {
        guard let name = names.first else { return session.finish(hasFailed ? .failure : .success) }
        session.examine(name) { result in
            var hasFailed = hasFailed
            switch result {
            case .success(let report):
                var output: [UInt8] = []
                json
                    ? output.appendReport(report)
                    : output.append(contentsOf: report.text(session.terminal.outputStyle).utf8)
                guard session.write(output) else { return session.finish() }
                if session.reportProblems(of: report) { hasFailed = true }
            case .failure(let error):
                hasFailed = true
                session.report(error)
            }
            describe(names.dropFirst(), session, hasFailed: hasFailed)
        }
    }
}

extension GroupDescription {
    /// The state for people to read: `preparing rebalance`.
    var stateText: String {
        var text = ""
        for character in state {
            if character.isUppercase, !text.isEmpty { text.append(" ") }
            text.append(contentsOf: character.lowercased())
        }
        return text
    }
}

extension GroupReport {
    func text(_ style: Style) -> String {
        var head = [style.bold(description.name.printable), description.stateText, description.kind.rawValue]
        if description.protocolType != "consumer", !description.protocolType.isEmpty {
            head.append("protocol \(description.protocolType.printable)")
        }
        if let epoch = description.epoch { head.append("epoch \(epoch)") }
        if !description.assignor.isEmpty { head.append("assignor \(description.assignor.printable)") }
        head.append("coordinator \(description.coordinator)")
        var text = head.joined(separator: "  ") + "\n"
        if !rows.isEmpty { text += table }
        for member in description.members where member.assignment.isEmpty {
            text += "  \(member.id.printable) (\(member.whereabouts)) reads nothing\n"
        }
        if lag > 0, rows.count > 1 {
            let age = lagMilliseconds.map { ", the oldest for \(Waiting.text($0))" } ?? ""
            text += "  \(counted(lag, "record")) \(lag == 1 ? "waits" : "wait")\(age)\n"
        }
        return text
    }

    /// Members' instance ids are among it where there are any.
    private var table: String {
        let hasInstances = description.members.contains { $0.instanceId != nil }
        let headings = ["topic", "partition", "committed", "end", "lag", "behind", "member"]
        var table = TextTable(headings + (hasInstances ? ["instance"] : []) + ["client", "host"], indentation: 2)
        for row in rows {
            let cells = [
                row.partition.topic, "\(row.partition.partition)", row.committed.map { "\($0.offset)" },
                row.end.map { "\($0)" }, row.lag.map { "\($0)" }, row.lagMilliseconds(now: now).map(Waiting.text),
                row.member?.id,
            ]
            let instance = hasInstances ? [row.member?.instanceId] : []
            table.append((cells + instance + [row.member?.clientId, row.member?.host]).map { $0 ?? "-" })
        }
        return table.text
    }
}

extension GroupDescription.Member {
    /// Who and where it is, for people to read: `app on 10.0.0.7`, with its instance id where it has one.
    var whereabouts: String {
        let instance = instanceId.map { ", instance \($0)" } ?? ""
        return "\(clientId) on \(host)\(instance)".printable
    }
}

/// Lengths of time for people.
enum Waiting {
    /// In the two largest units that it has: `3.2 s`, `4 m 10 s`, `2 h 5 m`, `3 d 4 h`.
    static func text(_ milliseconds: Int64) -> String {
        let seconds = milliseconds / 1_000
        switch seconds {
        case ..<1: return milliseconds == 0 ? "0 s" : "\(milliseconds) ms"
        case ..<60: return "\(seconds).\(milliseconds % 1_000 / 100) s"
        case ..<3_600: return "\(seconds / 60) m \(seconds % 60) s"
        case ..<86_400: return "\(seconds / 3_600) h \(seconds / 60 % 60) m"
        default: return "\(seconds / 86_400) d \(seconds / 3_600 % 24) h"
        }
    }
}
