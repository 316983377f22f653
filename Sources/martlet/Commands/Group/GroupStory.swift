import Bytes
import CommandLine
import KafkaClientCore

/// What happened to a group, told to people.
struct GroupStory {
    /// Partitions that are named of those that lag.
    private static let laggardsShown = 5

    let group: String
    /// Nil from a broker that does not remember.
    let history: GroupHistory?
    /// Nil where the group is gone.
    let report: GroupReport?
    /// What to type to see all of its partitions.
    let command: String

    func text(_ style: Style) -> String {
        var text = "\(style.bold(group.printable)) \(standing)\n"
        if let history {
            text += "\n" + rebalances(history)
            if let report { text += waiting(history, report) }
            if !history.events.isEmpty { text += "\n" + table(history) }
        }
        if let report { text += "\n" + laggards(report) }
        return text + "\n" + memory
    }

    private var standing: String {
        guard let report else { return "is gone" }
        let description = report.description
        let count = description.members.count
        let members = count == 0 ? "nobody is in it" : counted(count, "member")
        let epoch = description.epoch.map { ", epoch \($0)" } ?? ""
        return "is \(description.stateText): \(members)\(epoch) (\(description.kind.rawValue))"
    }

    private var memory: String {
        guard let history else {
            return "This broker does not remember what happened to groups.\n"
        }
        return "Remembered since \(Instant.text(history.since)), when the coordinator began: a restart forgets.\n"
    }

    // MARK: Rebalances

    private func rebalances(_ history: GroupHistory) -> String {
        let starts = history.events.filter { $0.kind == Kind.started }
        guard let place = history.events.lastIndex(where: { $0.kind == Kind.started }) else {
            return "No rebalance is remembered.\n" + refusals(history)
        }
        let last = history.events[place]
        let cause = last.member.map { " (\($0.whereabouts))" } ?? ""
        var text = "The last rebalance began at \(Instant.text(last.time)): \(last.reason.printable)\(cause)."
        if let end = history.events[place...].first(where: { $0.kind == Kind.ended }) {
            text += " It took \(Waiting.text(max(0, end.time &- last.time)))."
        }
        let count = starts.count == 1 ? "one rebalance is" : "\(starts.count) rebalances are"
        text += " \(count.prefix(1).uppercased())\(count.dropFirst()) remembered"
        let evicted = history.events.filter { $0.kind == Kind.evicted }.count
        if evicted > 0 { text += "; members were thrown out \(GroupStory.times(evicted))" }
        return text + ".\n" + refusals(history)
    }

    private func refusals(_ history: GroupHistory) -> String {
        let count = history.events.reduce(0) { $0 + ($1.kind == Kind.refused ? $1.count : 0) }
        return count == 0 ? "" : "Requests of members were refused \(GroupStory.times(count)).\n"
    }

    private static func times(_ count: Int) -> String { count == 1 ? "once" : "\(grouped(count)) times" }

    private enum Kind {
        static let started = "rebalance started"
        static let ended = "rebalance ended"
        static let evicted = "evicted"
        static let refused = "refused"
    }

    private func table(_ history: GroupHistory) -> String {
        let hasInstances = history.events.contains { $0.member?.instanceId != nil }
        let headings = ["time", "generation", "event", "member", "client", "host"]
        var table = TextTable(headings + (hasInstances ? ["instance"] : []) + ["why"])
        for event in history.events {
            let member = event.member.map { [$0.id, $0.clientId, $0.host] } ?? ["", "", ""]
            let instance = hasInstances ? [event.member?.instanceId ?? ""] : []
            let cells = ["\(event.generation)", event.kind] + member + instance
            table.append([Instant.text(event.time)] + cells.map { $0.isEmpty ? "-" : $0 } + [event.why])
        }
        return table.text
    }

    // MARK: Lag

    private func laggards(_ report: GroupReport) -> String {
        let behind = report.rows.filter { ($0.lag ?? 0) > 0 }.sorted { ($0.lag ?? 0) > ($1.lag ?? 0) }
        guard !behind.isEmpty else {
            guard report.unknownEnds.isEmpty else { return "Nobody lags in the partitions whose ends are known.\n" }
            let unknown = report.rows.filter { $0.committed == nil }.count
            guard unknown > 0 else { return "Nobody lags.\n" }
            return "Nobody lags that has committed; in \(counted(unknown, "partition")) nobody has.\n"
        }
        let waits = report.lag == 1 ? "waits" : "wait"
        var text = "\(counted(report.lag, "record")) \(waits) in \(counted(behind.count, "partition")):\n"
        for row in behind.prefix(GroupStory.laggardsShown) {
            let age = row.lagMilliseconds(now: report.now).map { ", the oldest for \(Waiting.text($0))" } ?? ""
            let reader =
                row.member.map { "read by \($0.id.printable) (\($0.whereabouts))" } ?? "which nobody reads"
            text += "  \(row.partition): \(row.lag ?? 0)\(age), \(reader)\n"
        }
        if behind.count > GroupStory.laggardsShown {
            text += "  and \(behind.count - GroupStory.laggardsShown) more: see '\(command)'\n"
        }
        return text
    }
}
