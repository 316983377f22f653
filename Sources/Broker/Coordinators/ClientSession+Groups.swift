import Coordination
import GroupCoordinator
import KafkaProtocol
import KafkaProtocolMore
import Metadata
import Runtime

extension ClientSession {
    /// Who asks, as groups remember it.
    func client(_ request: Request) -> GroupClient {
        GroupClient(version: request.version, clientID: request.clientID, host: "/\(connection.peer.hostText)")
    }

    /// Has a group's coordinator handle a command, and answers with what it replies.
    ///
    /// - Parameters:
    ///   - response: the answer out of the reply; nil where it is not one to this command.
    ///   - failed: the answer where there is no coordinator.
    func answer<Response: KafkaMessage>(
        _ reply: Reply, byGroup group: String, _ command: GroupCommand,
        response: @escaping (GroupReply) -> Response?, failed: @escaping (ErrorCode) -> Response
    ) {
        beginBusy()
        shard.askGroup(group, command) { [self] outcome in
            switch outcome {
            case .success(let groupReply):
                guard let response = response(groupReply) else {
                    preconditionFailure("a command has one kind of reply")
                }
                answer(reply, response)
            case .failure(let failure): answer(reply, failed(failure.errorCode))
            }
            finishBusy()
        }
    }

    /// Has the coordinators of several groups handle a command each, and answers when all have replied.
    ///
    /// - Parameter row: what the answer says of a group: by its reply, or why there is none.
    func answer<Row, Response: KafkaMessage>(
        _ reply: Reply, byGroups commands: [(group: String, command: GroupCommand)],
        row: @escaping (String, Result<GroupReply, CoordinatorFailure>) -> Row,
        response: @escaping ([Row]) -> Response
    ) {
        guard !commands.isEmpty else { return answer(reply, response([])) }
        beginBusy()
        let gathered = GatheredRows<Row>(count: commands.count) { [self] rows in
            answer(reply, response(rows))
            finishBusy()
        }
        for (place, (group, command)) in commands.enumerated() {
            shard.askGroup(group, command) { gathered.put(row(group, $0), at: place) }
        }
    }
}

/// Rows of one answer that come one by one.
private final class GatheredRows<Row> {
    private var rows: [Row?]
    private var outstanding: Int
    private let then: ([Row]) -> Void

    init(count: Int, then: @escaping ([Row]) -> Void) {
        rows = Array(repeating: nil, count: count)
        outstanding = count
        self.then = then
    }

    func put(_ row: Row, at place: Int) {
        rows[place] = row
        outstanding -= 1
        if outstanding == 0 { then(rows.compactMap { $0 }) }
    }
}
