import Bytes
import KafkaProtocol
import Metadata

/// Metadata, versions 0 to 13.
///
/// 0 an empty list means all topics, from 1 on null does; 4 the client says whether topics may be created; 8 to 10 the
/// operations it may do; 9 flexible; 10 topic ids in the answer, 12 in the request; 13 an error for the whole.
enum MetadataHandler {
    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(
            MetadataRequest.self, maximumElements: session.shard.requestLimits.topics)
        let shard = session.shard
        if let named = body.topics, !areNamed(named, request.version) {
            return session.answer(request.reply, refused(named, request.version))
        }
        var response = MetadataResponse()
        response.brokers = shard.image.brokers(on: session.listener.name).map(
            MetadataResponse.MetadataResponseBroker.init)
        response.clusterId = shard.context.clusterID
        response.controllerId = shard.context.nodeID
        response.topics = topics(body, request.version, shard)
        if request.version >= 8, request.version <= 10, body.includeClusterAuthorizedOperations {
            response.clusterAuthorizedOperations = AuthorizedOperations.cluster
        }
        session.answer(request.reply, response)
    }

    /// Before version 12 a topic has a name, and from then on a name or an id.
    private static func areNamed(_ topics: [MetadataRequest.MetadataRequestTopic], _ version: Int16) -> Bool {
        topics.allSatisfy { topic in
            version < 12 ? topic.name != nil && topic.topicId.isZero : topic.name != nil || !topic.topicId.isZero
        }
    }

    private static func refused(
        _ topics: [MetadataRequest.MetadataRequestTopic], _ version: Int16
    ) -> MetadataResponse {
        var response = MetadataResponse()
        if version >= 13 { response.errorCode = ErrorCode.invalidRequest.rawValue }
        response.topics = topics.map { topic in
            var row = failed(.invalidRequest, name: topic.name ?? "")
            row.topicId = topic.topicId
            return row
        }
        return response
    }

    private static func topics(
        _ body: MetadataRequest, _ version: Int16, _ shard: BrokerShard
    ) -> [MetadataResponse.MetadataResponseTopic] {
        let operations = body.includeTopicAuthorizedOperations
        guard let named = body.topics, !(named.isEmpty && version == 0) else {
            return shard.topics.entries.map { describe($0, shard, operations: operations) }
        }
        var seenNames: Set<Name> = []
        var seenIDs: Set<UUID> = []
        var missing: [String] = []
        var rows: [MetadataResponse.MetadataResponseTopic] = []
        for topic in named {
            if !topic.topicId.isZero {
                guard seenIDs.insert(topic.topicId).inserted else { continue }
                rows.append(byID(topic.topicId, shard, operations: operations))
            } else {
                let name = topic.name ?? ""
                guard seenNames.insert(Name(name)).inserted else { continue }
                if let entry = shard.topics[name] {
                    rows.append(describe(entry, shard, operations: operations))
                } else {
                    let isValid = TopicName.problem(with: name) == nil
                    if isValid { missing.append(name) }
                    rows.append(failed(isValid ? .unknownTopicOrPartition : .invalidTopicException, name: name))
                }
            }
        }
        if body.allowAutoTopicCreation { shard.autoCreate(missing) }
        return rows
    }

    private static func byID(
        _ id: UUID, _ shard: BrokerShard, operations: Bool
    ) -> MetadataResponse.MetadataResponseTopic {
        if let entry = shard.topics[id] { return describe(entry, shard, operations: operations) }
        var row = failed(.unknownTopicId, name: nil)
        row.topicId = id
        return row
    }

    private static func failed(_ error: ErrorCode, name: String?) -> MetadataResponse.MetadataResponseTopic {
        var row = MetadataResponse.MetadataResponseTopic()
        row.errorCode = error.rawValue
        row.name = name
        row.isInternal = name.map(TopicName.isInternal) ?? false
        return row
    }

    private static func describe(
        _ entry: TopicEntry, _ shard: BrokerShard, operations: Bool
    ) -> MetadataResponse.MetadataResponseTopic {
        var row = MetadataResponse.MetadataResponseTopic()
        row.name = entry.name
        row.topicId = entry.id
        row.isInternal = entry.isInternal
        if operations { row.topicAuthorizedOperations = AuthorizedOperations.topic }
        row.partitions = (shard.image.topics[entry.id]?.partitions ?? []).enumerated().map { index, state in
            var partition = MetadataResponse.MetadataResponsePartition()
            partition.partitionIndex = Int32(index)
            partition.leaderId = state.leader
            partition.leaderEpoch = state.leaderEpoch
            partition.replicaNodes = state.replicas
            partition.isrNodes = state.inSyncReplicas
            if state.leader < 0 { partition.errorCode = ErrorCode.leaderNotAvailable.rawValue }
            return partition
        }
        return row
    }
}

/// Bit sets of ACL operations, for a client that may do everything: until there is an authorizer each may.
enum AuthorizedOperations {
    /// Read, write, create, delete, alter, describe, describe configs, alter configs.
    static let topic: Int32 = 3576
    /// Read, delete, describe, describe configs, alter configs.
    static let group: Int32 = 3400
    /// Create, alter, describe, cluster action, describe configs, alter configs, idempotent write.
    static let cluster: Int32 = 8096
}
