import Bytes
import KafkaProtocol
import KafkaProtocolMore

/// AlterReplicaLogDirs, versions 1 and 2; 2 flexible. The answer says that a move has begun; DescribeLogDirs shows how far
/// it is.
enum AlterReplicaLogDirsHandler {
    typealias Row = AlterReplicaLogDirsResponse.AlterReplicaLogDirPartitionResult

    private struct Move {
        let path: String
        let topic: AlterReplicaLogDirsRequest.AlterReplicaLogDirTopic
    }

    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(
            AlterReplicaLogDirsRequest.self, maximumElements: session.shard.requestLimits.partitions)
        let moves = body.dirs.flatMap { directory in directory.topics.map { Move(path: directory.path, topic: $0) } }
        session.gather(moves, for: request.reply, ask: begin) { moves in
            var byName: [Name: [Row]] = [:]
            for (move, rows) in moves { byName[Name(move.topic.name), default: []] += rows }
            var response = AlterReplicaLogDirsResponse()
            response.results = byName.sorted { $0.key < $1.key }.map { name, rows in
                var result = AlterReplicaLogDirsResponse.AlterReplicaLogDirTopicResult()
                result.topicName = name.text
                result.partitions = rows
                return result
            }
            return response
        }
    }

    private static func begin(_ move: Move, _ gathering: Gathering<Row>) {
        let isKnown = gathering.session.shard.context.directories.contains { $0.path == move.path }
        for index in move.topic.partitions {
            guard isKnown else {
                gathering.add(row(index, .logDirNotFound))
                continue
            }
            let path = move.path
            gathering.ask(move.topic.name, index, failed: { row(index, $0) }) { local, reply in
                reply(row(index, local.shard.move(local, to: path)))
            }
        }
    }

    private static func row(_ index: Int32, _ error: ErrorCode) -> Row {
        var row = Row()
        row.partitionIndex = index
        row.errorCode = error.rawValue
        return row
    }
}
