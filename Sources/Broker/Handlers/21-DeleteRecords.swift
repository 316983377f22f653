import KafkaProtocol
import KafkaProtocolMore
import Metadata

/// DeleteRecords, versions 0 to 2; 2 flexible. -1 stands for the high watermark.
enum DeleteRecordsHandler {
    typealias Row = DeleteRecordsResponse.DeleteRecordsPartitionResult

    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(
            DeleteRecordsRequest.self, maximumElements: session.shard.requestLimits.partitions)
        session.gather(body.topics, for: request.reply, ask: delete) { topics in
            var response = DeleteRecordsResponse()
            response.topics = topics.map { topic, rows in
                var row = DeleteRecordsResponse.DeleteRecordsTopicResult()
                row.name = topic.name
                row.partitions = rows
                return row
            }
            return response
        }
    }

    private static func delete(_ topic: DeleteRecordsRequest.DeleteRecordsTopic, _ gathering: Gathering<Row>) {
        for partition in topic.partitions {
            let index = partition.partitionIndex
            guard !TopicName.isInternal(topic.name) else {
                gathering.add(failed(index, .invalidTopicException))
                continue
            }
            gathering.ask(topic.name, index, failed: { failed(index, $0) }) { local, reply in
                local.deleteRecords(before: partition.offset) { result in
                    switch result {
                    case .success(let start): reply(deleted(index, start))
                    case .failure(let refusal): reply(failed(index, refusal.error))
                    }
                }
            }
        }
    }

    private static func deleted(_ index: Int32, _ logStartOffset: Int64) -> Row {
        var row = Row()
        row.partitionIndex = index
        row.lowWatermark = logStartOffset
        return row
    }

    private static func failed(_ index: Int32, _ error: ErrorCode) -> Row {
        var row = Row()
        row.partitionIndex = index
        row.lowWatermark = -1
        row.errorCode = error.rawValue
        return row
    }
}
