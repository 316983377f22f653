import Bytes
import GroupCoordinator
import KafkaProtocol
import KafkaProtocolMore

/// OffsetFetch, versions 1 to 10. 2 all topics of a group, and an error for the whole; 3 throttle time; 5 leader epochs;
/// 6 flexible; 7 stable offsets only (nothing is unstable before there are transactions); 8 several groups; 9 member
/// epochs (KIP-848); 10 topic ids in place of names.
enum OffsetFetchHandler {
    private typealias Group = OffsetFetchRequest.OffsetFetchRequestGroup
    private typealias Row = OffsetFetchResponse.OffsetFetchResponseGroup

    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(
            OffsetFetchRequest.self, maximumElements: session.shard.requestLimits.partitions)
        let version = request.version
        let asked = version >= 8 ? eachOnce(body.groups) : [Group(body)]
        let unknown = asked.map { version >= 10 ? unknownTopics(of: $0, session.shard) : [] }
        let client = session.client(request)
        let commands = asked.map { group in
            (group.groupId, GroupCommand.fetchOffsets(named(group, version, session.shard), client))
        }
        session.answer(
            request.reply, byGroups: commands,
            row: { (reply) -> Row? in if case .fetchOffsets(let row) = reply { row } else { nil } },
            failed: { name, error in
                var row = Row()
                row.groupId = name
                row.errorCode = error.rawValue
                return row
            },
            response: { rows in
                version >= 8 ? response(rows, unknown) : singleResponse(rows.first ?? Row(), of: asked[0], version)
            })
    }

    /// A group that is asked for in several rows is answered in one.
    private static func eachOnce(_ groups: [Group]) -> [Group] {
        var places: [Name: Int] = [:]
        var result: [Group] = []
        for group in groups {
            if let place = places[Name(group.groupId)] {
                if let topics = group.topics { result[place].topics? += topics } else { result[place].topics = nil }
            } else {
                places[Name(group.groupId)] = result.count
                result.append(group)
            }
        }
        return result
    }

    /// With version 10 topics have ids; those that nobody knows are answered here.
    private static func named(_ group: Group, _ version: Int16, _ shard: BrokerShard) -> Group {
        guard version >= 10, let topics = group.topics else { return group }
        var named = group
        named.topics = topics.compactMap { topic in
            guard let entry = shard.topics[topic.topicId] else { return nil }
            var topic = topic
            topic.name = entry.name
            return topic
        }
        return named
    }

    private static func unknownTopics(
        of group: Group, _ shard: BrokerShard
    ) -> [OffsetFetchResponse.OffsetFetchResponseTopics] {
        (group.topics ?? []).filter { shard.topics[$0.topicId] == nil }.map { topic in
            var row = OffsetFetchResponse.OffsetFetchResponseTopics()
            row.topicId = topic.topicId
            row.partitions = topic.partitionIndexes.map { .init($0, .unknownTopicId) }
            return row
        }
    }

    private static func response(
        _ rows: [Row], _ unknown: [[OffsetFetchResponse.OffsetFetchResponseTopics]]
    ) -> OffsetFetchResponse {
        var response = OffsetFetchResponse()
        response.groups = zip(rows, unknown).map { row, unknown in
            var row = row
            if row.errorCode == 0 { row.topics += unknown }
            return row
        }
        return response
    }

    /// Up to version 7: one group, and up to version 1 no place for an error but in each partition.
    private static func singleResponse(_ row: Row, of group: Group, _ version: Int16) -> OffsetFetchResponse {
        var response = OffsetFetchResponse()
        if row.errorCode != 0, version < 2 {
            response.topics = (group.topics ?? []).map { topic in
                var answer = OffsetFetchResponse.OffsetFetchResponseTopic()
                answer.name = topic.name
                answer.partitions = topic.partitionIndexes.map { partition in
                    .init(.init(partition, ErrorCode(rawValue: row.errorCode)))
                }
                return answer
            }
            return response
        }
        response.errorCode = row.errorCode
        response.topics = row.topics.map { topic in
            var answer = OffsetFetchResponse.OffsetFetchResponseTopic()
            answer.name = topic.name
            answer.partitions = topic.partitions.map(OffsetFetchResponse.OffsetFetchResponsePartition.init)
            return answer
        }
        return response
    }
}

extension OffsetFetchRequest.OffsetFetchRequestGroup {
    fileprivate init(_ body: OffsetFetchRequest) {
        self.init()
        groupId = body.groupId
        topics = body.topics?.map { topic in
            var named = OffsetFetchRequest.OffsetFetchRequestTopics()
            named.name = topic.name
            named.partitionIndexes = topic.partitionIndexes
            return named
        }
    }
}

extension OffsetFetchResponse.OffsetFetchResponsePartitions {
    fileprivate init(_ partition: Int32, _ error: ErrorCode) {
        self.init()
        partitionIndex = partition
        committedOffset = -1
        errorCode = error.rawValue
    }
}

extension OffsetFetchResponse.OffsetFetchResponsePartition {
    fileprivate init(_ row: OffsetFetchResponse.OffsetFetchResponsePartitions) {
        self.init()
        partitionIndex = row.partitionIndex
        committedOffset = row.committedOffset
        committedLeaderEpoch = row.committedLeaderEpoch
        metadata = row.metadata
        errorCode = row.errorCode
    }
}
