import GroupCoordinator
import KafkaProtocol
import KafkaProtocolMore

/// OffsetDelete, version 0.
enum OffsetDeleteHandler {
    static func handle(_ request: Request, _ session: ClientSession) throws {
        var body = try request.decode(
            OffsetDeleteRequest.self, maximumElements: session.shard.requestLimits.partitions)
        var refused: [OffsetDeleteResponse.OffsetDeleteResponseTopic] = []
        for (index, topic) in body.topics.enumerated() {
            let entry = session.shard.topics[topic.name]
            let missing = topic.partitions.filter { entry?.route($0.partitionIndex) == nil }
            guard !missing.isEmpty else { continue }
            var part = topic
            part.partitions = missing
            refused.append(.init(part, .unknownTopicOrPartition))
            body.topics[index].partitions.removeAll { entry?.route($0.partitionIndex) == nil }
        }
        body.topics.removeAll { topic in topic.partitions.isEmpty && refused.contains { $0.name == topic.name } }
        let unknown = refused
        session.answer(
            request.reply, byGroup: body.groupId, .deleteOffsets(body),
            response: { (reply) -> OffsetDeleteResponse? in
                guard case .deleteOffsets(var response) = reply else { return nil }
                if response.errorCode == 0 { response.add(unknown) }
                return response
            },
            failed: { error in
                var response = OffsetDeleteResponse()
                response.errorCode = error.rawValue
                return response
            })
    }
}

extension OffsetDeleteResponse.OffsetDeleteResponseTopic {
    fileprivate init(_ topic: OffsetDeleteRequest.OffsetDeleteRequestTopic, _ error: ErrorCode) {
        self.init()
        name = topic.name
        partitions = topic.partitions.map { partition in
            var row = OffsetDeleteResponse.OffsetDeleteResponsePartition()
            row.partitionIndex = partition.partitionIndex
            row.errorCode = error.rawValue
            return row
        }
    }
}

extension OffsetDeleteResponse {
    /// More rows, a topic in one place.
    fileprivate mutating func add(_ others: [OffsetDeleteResponseTopic]) {
        for topic in others {
            if let place = topics.firstIndex(where: { $0.name == topic.name }) {
                topics[place].partitions += topic.partitions
            } else {
                topics.append(topic)
            }
        }
    }
}
