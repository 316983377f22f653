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
        let (known, missing) = body.topics.split(by: shard.topics)
        var refused = OffsetCommitResponse()
        refused.topics = missing.map { topic in
            let isUnknownID = version >= 10 && shard.topics[topic.name] == nil
            return .init(topic, isUnknownID ? .unknownTopicId : .unknownTopicOrPartition)
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
        response.topics.merge(other.topics)
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
