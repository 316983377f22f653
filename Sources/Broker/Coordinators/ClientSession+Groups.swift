import Bytes
import Coordination
import GroupCoordinator
import KafkaProtocol
import KafkaProtocolMore
import Metadata
import Runtime

extension ClientSession {
    /// Who asks, as groups remember it.
    func client(_ request: Request) -> GroupClient {
        GroupClient(version: request.version, clientID: request.clientID, host: peerHost)
    }

    /// Has a group's coordinator handle a command, and answers with what it replies.
    ///
    /// - Parameters:
    ///   - response: the answer out of the reply; nil where it is not one to this command.
    ///   - failed: the answer where there is no coordinator.
    func answer<Response: KafkaResponse>(
        _ reply: Reply, byGroup group: String, _ command: GroupCommand,
        response: @escaping (GroupReply) -> Response?, failed: @escaping (ErrorCode) -> Response
    ) {
        beginBusy()
        shard.askGroup(group, command) { [self] outcome in
            answer(reply, ClientSession.settle(outcome, response, failed))
            finishBusy()
        }
    }

    /// Has the coordinators of several groups handle a command each, and answers when all have replied.
    ///
    /// - Parameters:
    ///   - row: what the answer says of a group, out of the reply; nil where it is not one to this command.
    ///   - failed: what it says of one that has no coordinator.
    func answer<Row, Response: KafkaResponse>(
        _ reply: Reply, byGroups commands: [(group: String, command: GroupCommand)],
        row: @escaping (GroupReply) -> Row?, failed: @escaping (String, ErrorCode) -> Row,
        response: @escaping ([Row]) -> Response
    ) {
        guard !commands.isEmpty else { return answer(reply, response([])) }
        beginBusy()
        let gathered = GatheredAnswers<Row>(count: commands.count) { [self] rows in
            answer(reply, response(rows))
            finishBusy()
        }
        for (place, (group, command)) in commands.enumerated() {
            shard.askGroup(group, command) { outcome in
                gathered.put(ClientSession.settle(outcome, row) { failed(group, $0) }, at: place)
            }
        }
    }

    private static func settle<Part>(
        _ outcome: Result<GroupReply, CoordinatorFailure>, _ part: (GroupReply) -> Part?, _ failed: (ErrorCode) -> Part
    ) -> Part {
        switch outcome {
        case .success(let reply):
            guard let part = part(reply) else { preconditionFailure("a command has one kind of reply") }
            return part
        case .failure(let failure): return failed(failure.errorCode)
        }
    }
}

extension Array where Element == String {
    /// Names, none of them more than eight times. A group that is described as often as it is named would make gigabytes out of
    /// a request of some kilobytes.
    var withFewRepeats: [String] {
        var counts: [Name: Int] = [:]
        return filter { name in
            counts[Name(name), default: 0] += 1
            return counts[Name(name), default: 0] <= 8
        }
    }
}
