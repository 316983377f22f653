import KafkaProtocol
import KafkaProtocolMore
import LogStorage
import Metadata

/// DescribeProducers, version 0: who writes to a partition.
enum DescribeProducersHandler {
    typealias Row = DescribeProducersResponse.PartitionResponse

    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(DescribeProducersRequest.self)
        let gathering = Gathering<Row>(session) { rows in
            var response = DescribeProducersResponse()
            response.topics = zip(body.topics, rows).map { topic, rows in
                var row = DescribeProducersResponse.TopicResponse()
                row.name = topic.name
                row.partitions = rows
                return row
            }
            session.answer(request.reply, response)
        }
        let shard = session.shard
        for topic in body.topics {
            gathering.beginTopic()
            for index in topic.partitionIndexes {
                guard let entry = shard.topics[topic.name] else {
                    gathering.add(unknown(topic.name, index))
                    continue
                }
                guard let route = entry.route(index) else {
                    gathering.add(failed(index, .unknownTopicOrPartition, nil))
                    continue
                }
                let slot = gathering.reserve()
                shard.ask(
                    route.shard, entry.id, index,
                    { local, reply in
                        reply(local.map { describe($0, index) } ?? failed(index, .notLeaderOrFollower, nil))
                    }, then: { gathering.fill(slot, $0) })
            }
        }
        gathering.finish()
    }

    private static func describe(_ local: LocalPartition, _ index: Int32) -> Row {
        var row = Row()
        row.partitionIndex = index
        row.activeProducers = local.log.activeProducers.map { producer in
            var state = DescribeProducersResponse.ProducerState()
            state.producerId = producer.id
            state.producerEpoch = Int32(producer.epoch)
            state.lastSequence = producer.lastSequence
            state.lastTimestamp = producer.lastTimestamp
            state.coordinatorEpoch = producer.coordinatorEpoch
            state.currentTxnStartOffset = producer.transactionStart ?? -1
            return state
        }
        return row
    }

    private static func unknown(_ topic: String, _ index: Int32) -> Row {
        if let problem = TopicName.problem(with: topic) { return failed(index, .invalidTopicException, problem) }
        return failed(index, .unknownTopicOrPartition, "this server does not host this topic-partition")
    }

    private static func failed(_ index: Int32, _ error: ErrorCode, _ message: String?) -> Row {
        var row = Row()
        row.partitionIndex = index
        row.errorCode = error.rawValue
        row.errorMessage = message
        return row
    }
}
