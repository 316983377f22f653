import GroupCoordinator
import KafkaProtocol
import KafkaProtocolMore

/// OffsetDelete, version 0.
enum OffsetDeleteHandler {
    static func handle(_ request: Request, _ session: ClientSession) throws {
        var body = try request.decode(
            OffsetDeleteRequest.self, maximumElements: session.shard.requestLimits.partitions)
        let (known, missing) = body.topics.split(by: session.shard.topics)
        body.topics = known
        let refused = missing.map { OffsetDeleteResponse.OffsetDeleteResponseTopic($0, .unknownTopicOrPartition) }
        session.answer(
            request.reply, byGroup: body.groupId, .deleteOffsets(body),
            response: { (reply) -> OffsetDeleteResponse? in
                guard case .deleteOffsets(var response) = reply else { return nil }
                if response.errorCode == 0 { response.topics.merge(refused) }
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
