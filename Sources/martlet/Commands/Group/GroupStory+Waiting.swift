import KafkaClientCore

/// Whom a group waits for, told to people.
extension GroupStory {
    func waiting(_ history: GroupHistory, _ report: GroupReport) -> String {
        let left = history.awaitedUntil.map { Waiting.text(max(0, $0 - report.now)) }
        guard !history.awaited.isEmpty else {
            guard let left else { return "" }
            return report.description.kind == .classic
                ? "It waits for more members to come, for another \(left).\n"
                : "Its partitions are assigned anew in \(left).\n"
        }
        let limit = left.map { ", for another \($0)" } ?? ""
        var text = "It waits for \(counted(history.awaited.count, "member"))\(limit):\n"
        let hasInstances = history.awaited.contains { $0.member.instanceId != nil }
        let headings = ["member", "client", "host"] + (hasInstances ? ["instance"] : [])
        var table = TextTable(headings + ["waits for it", "since", "last heard of", "thrown out"], indentation: 2)
        for awaited in history.awaited {
            let member = [awaited.member.id, awaited.member.clientId, awaited.member.host]
            let instance = hasInstances ? [awaited.member.instanceId ?? ""] : []
            let times = [
                awaited.since.map { Waiting.text(max(0, report.now - $0)) } ?? "",
                awaited.lastHeard.map { "\(Waiting.text(max(0, report.now - $0))) ago" } ?? "",
                awaited.end(now: report.now),
            ]
            table.append((member + instance + [awaited.task] + times).map { $0.isEmpty ? "-" : $0 })
        }
        text += table.text
        return text
    }
}

extension GroupHistory.Member {
    /// Who and where it is, for people to read: `app on 10.0.0.7`.
    var whereabouts: String {
        let instance = instanceId.map { ", instance \($0)" } ?? ""
        return "\(clientId) on \(host)\(instance)".printable
    }
}

extension GroupHistory.Event {
    /// What led to it, and how often it happened.
    var why: String { count > 1 ? "\(reason) (\(grouped(count)) times since \(Instant.text(firstTime)))" : reason }
}

extension GroupHistory.Awaited {
    /// When the member is thrown out; empty where that is not known.
    fileprivate func end(now: Int64) -> String {
        func left(_ time: Int64) -> String { "in \(Waiting.text(max(0, time - now)))" }
        switch (deadline, sessionEnd) {
        case (let deadline?, let session?) where session < deadline:
            return "\(left(session)) if not heard of, else \(left(deadline))"
        case (let deadline?, _): return left(deadline)
        case (nil, let session?): return "\(left(session)) if not heard of"
        case (nil, nil): return ""
        }
    }
}
