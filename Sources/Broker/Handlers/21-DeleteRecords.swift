import KafkaProtocol
import KafkaProtocolMore
import Metadata

/// DeleteRecords, versions 0 to 2; 2 flexible. -1 stands for the high watermark.
enum DeleteRecordsHandler {
    typealias Row = DeleteRecordsResponse.DeleteRecordsPartitionResult

    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(DeleteRecordsRequest.self)
        let gathering = Gathering<Row>(session) { rows in
            var response = DeleteRecordsResponse()
            response.topics = zip(body.topics, rows).map { topic, rows in
                var row = DeleteRecordsResponse.DeleteRecordsTopicResult()
                row.name = topic.name
                row.partitions = rows
                return row
            }
            session.answer(request.reply, response)
        }
        let shard = session.shard
        for topic in body.topics {
            gathering.beginTopic()
            for partition in topic.partitions {
                let index = partition.partitionIndex
                guard !TopicName.isInternal(topic.name) else {
                    gathering.add(failed(index, .invalidTopicException))
                    continue
                }
                guard let entry = shard.topics[topic.name], let route = entry.route(index) else {
                    gathering.add(failed(index, .unknownTopicOrPartition))
                    continue
                }
                let slot = gathering.reserve()
                shard.ask(
                    route.shard, entry.id, index,
                    { local, reply in
                        guard let local else { return reply(failed(index, .notLeaderOrFollower)) }
                        local.deleteRecords(before: partition.offset) { result in
                            switch result {
                            case .success(let start):
                                var row = Row()
                                row.partitionIndex = index
                                row.lowWatermark = start
                                reply(row)
                            case .failure(let refusal): reply(failed(index, refusal.error))
                            }
                        }
                    }, then: { gathering.fill(slot, $0) })
            }
        }
        gathering.finish()
    }

    private static func failed(_ index: Int32, _ error: ErrorCode) -> Row {
        var row = Row()
        row.partitionIndex = index
        row.lowWatermark = -1
        row.errorCode = error.rawValue
        return row
    }
}
