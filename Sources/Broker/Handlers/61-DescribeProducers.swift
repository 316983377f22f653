import KafkaProtocol
import KafkaProtocolMore
import LogStorage
import Metadata

/// DescribeProducers, version 0: who writes to a partition.
enum DescribeProducersHandler {
    typealias Row = DescribeProducersResponse.PartitionResponse

    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(
            DescribeProducersRequest.self, maximumElements: session.shard.requestLimits.partitions)
        let shard = session.shard
        session.gather(body.topics, for: request.reply) { topic, gathering in
            let problem = shard.topics[topic.name] == nil ? problem(with: topic.name) : nil
            for index in topic.partitionIndexes {
                if let problem {
                    gathering.add(failed(index, problem.error, problem.message))
                } else {
                    gathering.ask(topic.name, index, failed: { failed(index, $0) }) { local, reply in
                        reply(describe(local, index))
                    }
                }
            }
        } response: { topics in
            var response = DescribeProducersResponse()
            response.topics = topics.map { topic, rows in
                var row = DescribeProducersResponse.TopicResponse()
                row.name = topic.name
                row.partitions = rows
                return row
            }
            return response
        }
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

    /// What is said of a topic that is not here.
    private static func problem(with topic: String) -> (error: ErrorCode, message: String) {
        if let problem = TopicName.problem(with: topic) { return (.invalidTopicException, problem) }
        return (.unknownTopicOrPartition, "this server does not host this topic-partition")
    }

    private static func failed(_ index: Int32, _ error: ErrorCode, _ message: String? = nil) -> Row {
        var row = Row()
        row.partitionIndex = index
        row.errorCode = error.rawValue
        row.errorMessage = message
        return row
    }
}
