import KafkaProtocol
import KafkaProtocolMore
import LogStorage
import Replication

/// OffsetForLeaderEpoch, versions 2 to 4: the largest epoch not above the one asked for, and where it ended. 3 the replica
/// that asks; 4 flexible.
enum OffsetForLeaderEpochHandler {
    typealias Row = OffsetForLeaderEpochResponse.EpochEndOffset

    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(
            OffsetForLeaderEpochRequest.self, maximumElements: session.shard.requestLimits.partitions)
        session.gather(body.topics, for: request.reply, ask: find) { topics in
            var response = OffsetForLeaderEpochResponse()
            response.topics = topics.map { topic, rows in
                var row = OffsetForLeaderEpochResponse.OffsetForLeaderTopicResult()
                row.topic = topic.topic
                row.partitions = rows
                return row
            }
            return response
        }
    }

    private static func find(
        _ topic: OffsetForLeaderEpochRequest.OffsetForLeaderTopic, _ gathering: Gathering<Row>
    ) {
        for wanted in topic.partitions {
            let index = wanted.partition
            gathering.ask(topic.topic, index, failed: { failed(index, $0) }) { local, reply in
                if let error = local.checkLeaderEpoch(wanted.currentLeaderEpoch) { return reply(failed(index, error)) }
                var row = Row()
                row.partition = index
                if let end = local.end(ofLeaderEpoch: wanted.leaderEpoch) {
                    row.leaderEpoch = end.epoch
                    row.endOffset = end.endOffset
                }
                reply(row)
            }
        }
    }

    private static func failed(_ index: Int32, _ error: ErrorCode) -> Row {
        var row = Row()
        row.partition = index
        row.errorCode = error.rawValue
        return row
    }
}

extension LocalPartition {
    /// The epoch that is led now ends where the log does, also before its first record.
    fileprivate func end(ofLeaderEpoch epoch: Int32) -> (epoch: Int32, endOffset: Int64)? {
        epoch == partition.leaderEpoch ? (epoch, log.logEndOffset) : log.offset(forLeaderEpoch: epoch)
    }
}
