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

    func text(_ style: Style) -> String {
        var text = "\(style.bold(group.printable)) \(standing)\n"
        if let history {
            text += "\n" + rebalances(history)
            if !history.events.isEmpty { text += "\n" + table(history) }
        }
        if let report { text += "\n" + laggards(report) }
        return text + "\n" + memory
    }

    private var standing: String {
        guard let report else { return "is gone" }
        let description = report.description
        let count = description.members.count
        let members = count == 0 ? "nobody is in it" : "\(count) member\(count == 1 ? "" : "s")"
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
        guard let last = starts.last else {
            return "No rebalance is remembered.\n"
        }
        let count = starts.count == 1 ? "one rebalance is" : "\(starts.count) rebalances are"
        var text = "The last rebalance began at \(Instant.text(last.time)): \(last.reason.printable)."
        if let end = history.events.last(where: { $0.kind == Kind.ended && $0.time >= last.time }) {
            text += " It took \(Waiting.text(end.time &- last.time))."
        } else if report?.description.kind == .classic {
            text += " It waits for members."
        }
        text += " \(count.prefix(1).uppercased())\(count.dropFirst()) remembered"
        let evicted = history.events.filter { $0.kind == Kind.evicted }.count
        if evicted > 0 { text += "; members were thrown out \(evicted == 1 ? "once" : "\(evicted) times")" }
        return text + ".\n"
    }

    private enum Kind {
        static let started = "rebalance started"
        static let ended = "rebalance ended"
        static let evicted = "evicted"
    }

    private func table(_ history: GroupHistory) -> String {
        var table = TextTable(["time", "generation", "event", "member", "why"])
        for event in history.events {
            table.append([
                Instant.text(event.time), "\(event.generation)", event.kind, event.member.isEmpty ? "-" : event.member,
                event.reason,
            ])
        }
        return table.text
    }

    // MARK: Lag

    private func laggards(_ report: GroupReport) -> String {
        let behind = report.rows.filter { ($0.lag ?? 0) > 0 }.sorted { ($0.lag ?? 0) > ($1.lag ?? 0) }
        guard !behind.isEmpty else {
            let unknown = report.rows.filter { $0.committed == nil }.count
            guard unknown > 0 else { return "Nobody lags.\n" }
            return "Nobody lags that has committed; in \(unknown) partition\(unknown == 1 ? "" : "s") nobody has.\n"
        }
        var text = "\(report.lag) record\(report.lag == 1 ? " waits" : "s wait") in \(behind.count) partition"
        text += behind.count == 1 ? ":\n" : "s:\n"
        for row in behind.prefix(GroupStory.laggardsShown) {
            let age = row.lagMilliseconds(now: report.now).map { ", the oldest for \(Waiting.text($0))" } ?? ""
            let reader =
                row.member.map { "read by \($0.id) (\($0.clientId) on \($0.host))".printable } ?? "which nobody reads"
            text += "  \(row.partition): \(row.lag ?? 0)\(age), \(reader)\n"
        }
        if behind.count > GroupStory.laggardsShown {
            text +=
                "  and \(behind.count - GroupStory.laggardsShown) more: see 'martlet group describe \(report.description.name.printable)'\n"
        }
        return text
    }
}
