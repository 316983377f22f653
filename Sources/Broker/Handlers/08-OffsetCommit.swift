import Bytes
import GroupCoordinator
import KafkaProtocol
import KafkaProtocolMore

/// OffsetCommit, versions 2 to 10. 3 throttle time; 5 no retention time; 6 leader epochs; 7 instance id; 8 flexible;
/// 9 member epochs (KIP-848) and their errors; 10 topic ids in place of names.
enum OffsetCommitHandler {
    static func handle(_ request: Request, _ session: ClientSession) throws {
        var body = try request.decode(
            OffsetCommitRequest.self, maximumElements: session.shard.requestLimits.partitions)
        if request.version >= 10 { name(&body, session.shard) }
        let (known, refused) = split(body, request.version, session.shard)
        guard !known.isEmpty || refused.topics.isEmpty else { return session.answer(request.reply, refused) }
        body.topics = known
        let asked = body
        session.answer(
            request.reply, byGroup: body.groupId, .commitOffsets(body, session.client(request)),
            response: { (reply) -> OffsetCommitResponse? in
                guard case .commitOffsets(let response) = reply else { return nil }
                return refused.adding(response)
            }, failed: { refused.adding(.refusal(of: asked, $0)) })
    }

    private static func name(_ body: inout OffsetCommitRequest, _ shard: BrokerShard) {
        for index in body.topics.indices {
            body.topics[index].name = shard.topics[body.topics[index].topicId]?.name ?? ""
        }
    }

    /// What there is of the request, and the answers to what there is not.
    private static func split(
        _ body: OffsetCommitRequest, _ version: Int16, _ shard: BrokerShard
    ) -> ([OffsetCommitRequest.OffsetCommitRequestTopic], OffsetCommitResponse) {
        var known: [OffsetCommitRequest.OffsetCommitRequestTopic] = []
        var refused = OffsetCommitResponse()
        for topic in body.topics {
            let entry = shard.topics[topic.name]
            let missing = topic.partitions.filter { entry?.route($0.partitionIndex) == nil }
            if !missing.isEmpty {
                let error: ErrorCode =
                    version >= 10 && entry == nil ? .unknownTopicId : .unknownTopicOrPartition
                var part = topic
                part.partitions = missing
                refused.topics.append(.init(part, error))
            }
            guard missing.count < topic.partitions.count else { continue }
            var part = topic
            part.partitions = topic.partitions.filter { entry?.route($0.partitionIndex) != nil }
            known.append(part)
        }
        return (known, refused)
    }
}

extension OffsetCommitResponse {
    static func refusal(of request: OffsetCommitRequest, _ error: ErrorCode) -> OffsetCommitResponse {
        var response = OffsetCommitResponse()
        response.topics = request.topics.map { .init($0, error) }
        return response
    }

    /// Another answer's rows with these, a topic in one place.
    func adding(_ other: OffsetCommitResponse) -> OffsetCommitResponse {
        guard !topics.isEmpty else { return other }
        var response = self
        for topic in other.topics {
            let place = response.topics.firstIndex { $0.name == topic.name && $0.topicId == topic.topicId }
            if let place {
                response.topics[place].partitions += topic.partitions
            } else {
                response.topics.append(topic)
            }
        }
        return response
    }
}

extension OffsetCommitResponse.OffsetCommitResponseTopic {
    init(_ topic: OffsetCommitRequest.OffsetCommitRequestTopic, _ error: ErrorCode) {
        self.init()
        name = topic.name
        topicId = topic.topicId
        partitions = topic.partitions.map { partition in
            var row = OffsetCommitResponse.OffsetCommitResponsePartition()
            row.partitionIndex = partition.partitionIndex
            row.errorCode = error.rawValue
            return row
        }
    }
}
