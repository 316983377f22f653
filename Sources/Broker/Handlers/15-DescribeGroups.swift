import Bytes
import GroupCoordinator
import KafkaProtocol
import KafkaProtocolMore

/// DescribeGroups, versions 0 to 6. 1 throttle time; 3 the operations allowed; 4 instance ids; 5 flexible; 6 an error for a group
/// that is not there, in place of a dead one.
///
/// In a tagged field that Kafka does not have a client may ask for the history of each group, of whatever type, and for whom
/// it waits, and is answered in others.
enum DescribeGroupsHandler {
    private typealias Row = DescribeGroupsResponse.DescribedGroup

    /// A row of the answer, or what belongs into one.
    private enum Part {
        case row(Row)
        case history(GroupExplanation?)
    }

    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(
            DescribeGroupsRequest.self, maximumElements: session.shard.requestLimits.topics)
        let client = session.client(request)
        let groups = body.groups.withFewRepeats
        var commands = groups.map { (group: $0, command: GroupCommand.describeGroup($0, client)) }
        if body.includeHistory { commands += groups.map { ($0, .explainGroup($0)) } }
        session.answer(
            request.reply, byGroups: commands,
            row: { (reply) -> Part? in
                switch reply {
                case .explainGroup(let explanation): return .history(explanation)
                case .describeGroup(var row):
                    if request.version >= 3, body.includeAuthorizedOperations, row.errorCode == 0 {
                        row.authorizedOperations = AuthorizedOperations.group
                    }
                    return .row(row)
                default: return nil
                }
            },
            failed: { group, error in
                var row = Row()
                row.groupId = group
                row.errorCode = error.rawValue
                return .row(row)
            },
            response: { parts in
                var response = DescribeGroupsResponse()
                response.groups = parts.prefix(groups.count).compactMap {
                    if case .row(let row) = $0 { row } else { nil }
                }
                for (index, part) in parts.dropFirst(groups.count).enumerated() {
                    if case .history(let explanation?) = part { response.groups[index].explain(explanation) }
                }
                return response
            })
    }
}

extension DescribeGroupsResponse.DescribedGroup {
    fileprivate mutating func explain(_ explanation: GroupExplanation) {
        historySince = explanation.since
        history = explanation.events.map { event in
            var row = DescribeGroupsResponse.GroupEvent()
            row.time = event.time
            row.generation = event.generation
            row.kind = event.kind.rawValue
            row.reason = event.reason
            row.count = event.count
            if event.count > 1 { row.firstTime = event.firstTime }
            if let member = event.member {
                (row.memberId, row.instanceId) = (member.id.text, member.instanceID?.text)
                (row.clientId, row.clientHost) = (member.clientID.text, member.host)
            }
            return row
        }
        awaitedUntil = explanation.awaitedUntil ?? -1
        awaited = explanation.awaited.map { awaited in
            var row = DescribeGroupsResponse.AwaitedMember()
            (row.memberId, row.instanceId) = (awaited.member.id.text, awaited.member.instanceID?.text)
            (row.clientId, row.clientHost) = (awaited.member.clientID.text, awaited.member.host)
            row.task = awaited.task
            row.since = awaited.since ?? -1
            row.deadline = awaited.deadline ?? -1
            row.lastHeard = awaited.lastHeard ?? -1
            row.sessionEnd = awaited.sessionEnd ?? -1
            return row
        }
    }
}
