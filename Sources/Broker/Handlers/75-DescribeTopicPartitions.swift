import Bytes
import Configuration
import KafkaProtocol
import KafkaProtocolMore
import Metadata

/// DescribeTopicPartitions, version 0: topics by name, a page of partitions at a time (KIP-966).
enum DescribeTopicPartitionsHandler {
    typealias Topic = DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic

    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(
            DescribeTopicPartitionsRequest.self, maximumElements: session.shard.requestLimits.topics)
        let shard = session.shard
        var names = Set(body.topics.map { Name($0.name) }).sorted()
        if body.topics.isEmpty { names = shard.topics.entries.map { Name($0.name) }.sorted() }
        var first: Int32 = 0
        if let cursor = body.cursor {
            let place = Name(cursor.topicName)
            guard cursor.partitionIndex >= 0, names.contains(where: { $0 >= place }) else {
                return session.answer(request.reply, refused(names))
            }
            names.removeAll { $0 < place }
            if names.first == place { first = cursor.partitionIndex }
        }
        let limit = min(
            max(Int(body.responsePartitionLimit), 1), shard.context.configuration.network.partitionsPerDescribePage)
        session.answer(request.reply, page(names, from: first, limit: limit, shard))
    }

    private static func page(
        _ names: [Name], from first: Int32, limit: Int, _ shard: BrokerShard
    ) -> DescribeTopicPartitionsResponse {
        var response = DescribeTopicPartitionsResponse()
        var room = limit
        var start = Int(first)
        for name in names.map(\.text) {
            guard let entry = shard.topics[name] else {
                response.topics.append(missing(name))
                continue
            }
            let states = shard.image.topics[entry.id]?.partitions ?? []
            if room == 0, !states.isEmpty {
                response.nextCursor = cursor(name, 0)
                return response
            }
            let end = min(states.count, start + room)
            var topic = Topic()
            topic.name = name
            topic.topicId = entry.id
            topic.isInternal = entry.isInternal
            topic.topicAuthorizedOperations = AuthorizedOperations.topic
            topic.partitions = (start < end ? start..<end : 0..<0).map { index in
                var row = DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponsePartition()
                row.partitionIndex = Int32(index)
                row.leaderId = states[index].leader
                row.leaderEpoch = states[index].leaderEpoch
                row.replicaNodes = states[index].replicas
                row.isrNodes = states[index].inSyncReplicas
                row.eligibleLeaderReplicas = []
                row.lastKnownElr = []
                return row
            }
            response.topics.append(topic)
            room -= topic.partitions.count
            if end < states.count {
                response.nextCursor = cursor(name, Int32(end))
                return response
            }
            start = 0
        }
        return response
    }

    private static func cursor(_ name: String, _ partition: Int32) -> DescribeTopicPartitionsResponse.Cursor {
        var cursor = DescribeTopicPartitionsResponse.Cursor()
        cursor.topicName = name
        cursor.partitionIndex = partition
        return cursor
    }

    private static func missing(_ name: String) -> Topic {
        var topic = Topic()
        topic.name = name
        topic.errorCode =
            (TopicName.problem(with: name) == nil ? ErrorCode.unknownTopicOrPartition : .invalidTopicException).rawValue
        topic.topicAuthorizedOperations = AuthorizedOperations.topic
        return topic
    }

    /// A cursor that points nowhere.
    private static func refused(_ names: [Name]) -> DescribeTopicPartitionsResponse {
        var response = DescribeTopicPartitionsResponse()
        response.topics = names.map { name in
            var topic = Topic()
            topic.name = name.text
            topic.errorCode = ErrorCode.invalidRequest.rawValue
            return topic
        }
        return response
    }
}
