import Bytes
import KafkaClientCore

extension [UInt8] {
    /// Appends an object and a line end.
    mutating func appendReport(_ report: GroupReport) {
        let group = report.description
        append(contentsOf: "{\"group\":".utf8)
        appendJSON(group.name.utf8)
        append(contentsOf: ",\"state\":".utf8)
        appendJSON(group.state.utf8)
        append(contentsOf: ",\"type\":\"\(group.kind.rawValue)\",\"protocolType\":".utf8)
        appendJSON(group.protocolType.utf8)
        append(contentsOf: ",\"assignor\":".utf8)
        appendJSON(group.assignor.utf8)
        append(contentsOf: ",\"epoch\":\(text(group.epoch)),\"coordinator\":\(group.coordinator)".utf8)
        append(contentsOf: ",\"lag\":\(report.lag),\"lagSeconds\":\(seconds(report.lagMilliseconds))".utf8)
        append(contentsOf: ",\"members\":[".utf8)
        appendList(group.members) { $0.appendMember($1) }
        append(contentsOf: "],\"partitions\":[".utf8)
        appendList(report.rows) { $0.appendRow($1, now: report.now) }
        append(contentsOf: "]}\n".utf8)
    }

    private mutating func appendMember(_ member: GroupDescription.Member) {
        append(contentsOf: "{\"member\":".utf8)
        appendJSON(member.id.utf8)
        append(contentsOf: ",\"instance\":".utf8)
        appendJSON(optional: member.instanceId)
        append(contentsOf: ",\"client\":".utf8)
        appendJSON(member.clientId.utf8)
        append(contentsOf: ",\"host\":".utf8)
        appendJSON(member.host.utf8)
        append(contentsOf: ",\"assignment\":[".utf8)
        appendList(member.assignment) { $0.appendPartition($1) }
        if let target = member.target {
            append(contentsOf: "],\"target\":[".utf8)
            appendList(target) { $0.appendPartition($1) }
        }
        append(contentsOf: "]}".utf8)
    }

    private mutating func appendRow(_ row: GroupReport.Row, now: Int64) {
        append(contentsOf: "{\"topic\":".utf8)
        appendJSON(row.partition.topic.utf8)
        append(contentsOf: ",\"partition\":\(row.partition.partition)".utf8)
        append(contentsOf: ",\"committed\":\(text(row.committed?.offset)),\"end\":\(text(row.end))".utf8)
        append(contentsOf: ",\"lag\":\(text(row.lag))".utf8)
        append(contentsOf: ",\"lagSeconds\":\(seconds(row.lagMilliseconds(now: now))),\"member\":".utf8)
        appendJSON(optional: row.member?.id)
        append(contentsOf: ",\"metadata\":".utf8)
        appendJSON(optional: row.committed?.metadata)
        append(UInt8(ascii: "}"))
    }

    private mutating func appendPartition(_ partition: TopicPartition) {
        append(contentsOf: "{\"topic\":".utf8)
        appendJSON(partition.topic.utf8)
        append(contentsOf: ",\"partition\":\(partition.partition)}".utf8)
    }
}

private func text(_ number: (some BinaryInteger)?) -> String { number.map { "\($0)" } ?? "null" }

/// Milliseconds as seconds with three decimals.
private func seconds(_ milliseconds: Int64?) -> String {
    guard let milliseconds else { return "null" }
    let fraction = "\(milliseconds % 1_000 + 1_000)".dropFirst()
    return "\(milliseconds / 1_000).\(fraction)"
}
