import Bytes
import Coordination
import KafkaProtocol
import KafkaProtocolMore
import Metadata

/// Committing, fetching and deleting offsets.
extension GroupMachine {
    // MARK: Commit

    mutating func commit(
        _ request: OffsetCommitRequest, _ client: GroupClient, _ token: ReplyToken,
        _ effects: inout Effects<GroupMachine>
    ) {
        let error = checkCommit(request, client, &effects)
        let late = groups[request.group]?.lateMember(of: request)
        var response = OffsetCommitResponse()
        response.topics = request.topics.map { topic in
            var row = OffsetCommitResponse.OffsetCommitResponseTopic()
            row.name = topic.name
            row.topicId = topic.topicId
            row.partitions = topic.partitions.map { partition in
                var answer = OffsetCommitResponse.OffsetCommitResponsePartition()
                answer.partitionIndex = partition.partitionIndex
                var error = error
                if error == .none, let late { error = checkCommit(partition, of: topic, in: request, by: late) }
                if error == .none { error = commit(partition, of: topic, in: request, &effects) }
                answer.errorCode = error.rawValue
                return answer
            }
            return row
        }
        effects.reply(token, .commitOffsets(response))
    }

    /// Whether the sender may commit. A group that only stores offsets comes to be with the first.
    private mutating func checkCommit(
        _ request: OffsetCommitRequest, _ client: GroupClient, _ effects: inout Effects<GroupMachine>
    ) -> ErrorCode {
        guard let group = groups[request.group] else {
            guard request.generationIdOrMemberEpoch < 0 else {
                return client.version >= 9 ? .groupIdNotFound : .illegalGeneration
            }
            return .none
        }
        let error = group.checkCommit(request, version: client.version)
        if error == .none, case .classic(let group) = group, !request.memberId.isEmpty {
            heardOf(request.member, of: group, named: request.group, &effects)
        }
        return error
    }

    /// A member that has not heard of its newest epoch may commit what it has had since then.
    private func checkCommit(
        _ partition: OffsetCommitRequest.OffsetCommitRequestPartition,
        of topic: OffsetCommitRequest.OffsetCommitRequestTopic, in request: OffsetCommitRequest,
        by late: ConsumerMember
    ) -> ErrorCode {
        let id = topic.topicId.isZero ? image.topics.id(of: topic.name) ?? .zero : topic.topicId
        let given = late.epoch(of: TopicIDPartition(topic: id, partition: partition.partitionIndex))
        if let given, given <= request.generationIdOrMemberEpoch { return .none }
        return late.isClassic ? .illegalGeneration : .staleMemberEpoch
    }

    private mutating func commit(
        _ partition: OffsetCommitRequest.OffsetCommitRequestPartition,
        of topic: OffsetCommitRequest.OffsetCommitRequestTopic, in request: OffsetCommitRequest,
        _ effects: inout Effects<GroupMachine>
    ) -> ErrorCode {
        let metadata = partition.committedMetadata ?? ""
        // Java counts 16-bit units, whatever the name of the setting says.
        guard metadata.utf16.count <= rules.maximumMetadataBytes else { return .offsetMetadataTooLarge }
        var key = OffsetCommitKey()
        (key.group, key.topic, key.partition) = (request.groupId, topic.name, partition.partitionIndex)
        var value = OffsetCommitValue()
        value.offset = partition.committedOffset
        value.leaderEpoch = partition.committedLeaderEpoch
        value.metadata = metadata
        value.commitTimestamp = effects.now.wall
        if request.retentionTimeMs >= 0 {
            let (expiry, overflow) = effects.now.wall.addingReportingOverflow(request.retentionTimeMs)
            value.expireTimestamp = overflow ? .max : expiry
        }
        value.topicId = image.topics.id(of: topic.name) ?? topic.topicId
        write(.offset(key, value), &effects)
        return .none
    }

    // MARK: Fetch

    func fetch(
        _ request: OffsetFetchRequest.OffsetFetchRequestGroup, _ client: GroupClient, _ token: ReplyToken,
        _ effects: inout Effects<GroupMachine>
    ) {
        var response = OffsetFetchResponse.OffsetFetchResponseGroup()
        response.groupId = request.groupId
        // A group that is not there has no offsets; nobody is told that it is not.
        let group = Name(request.groupId)
        let member = request.memberId.map { Name($0) }
        let error = groups[group]?.checkFetch(member: member, epoch: request.memberEpoch) ?? .none
        if error != .none {
            response.errorCode = error.rawValue
        } else if let topics = request.topics {
            var seen: Set<FetchedPartition> = []
            response.topics = topics.map { topic in
                let name = Name(topic.name)
                let partitions = topic.partitionIndexes.filter { seen.insert(.init(topic: name, index: $0)).inserted }
                return row(topic.name, topic.topicId, partitions, of: group)
            }
        } else {
            let all = offsets.groups[group] ?? [:]
            response.topics = all.sorted { $0.key < $1.key }.map { topic, partitions in
                row(topic.text, image.topics.id(of: topic.text) ?? .zero, partitions.keys.sorted(), of: group)
            }
        }
        effects.reply(token, .fetchOffsets(response))
    }

    private func row(
        _ topic: String, _ id: UUID, _ partitions: [Int32], of group: Name
    ) -> OffsetFetchResponse.OffsetFetchResponseTopics {
        let current = id.isZero ? image.topics.id(of: topic) ?? .zero : id
        var row = OffsetFetchResponse.OffsetFetchResponseTopics()
        row.name = topic
        row.topicId = id
        row.partitions = partitions.map { partition in
            var answer = OffsetFetchResponse.OffsetFetchResponsePartitions()
            answer.partitionIndex = partition
            guard let committed = offsets[group, Name(topic), partition], !committed.isOfAnother(than: current) else {
                answer.committedOffset = -1
                return answer
            }
            answer.committedOffset = committed.offset
            answer.committedLeaderEpoch = committed.leaderEpoch
            answer.metadata = committed.metadata
            return answer
        }
        return row
    }

    // MARK: Delete

    mutating func deleteOffsets(
        _ request: OffsetDeleteRequest, _ token: ReplyToken, _ effects: inout Effects<GroupMachine>
    ) {
        var response = OffsetDeleteResponse()
        guard !request.groupId.isEmpty else {
            response.errorCode = ErrorCode.invalidGroupId.rawValue
            return effects.reply(token, .deleteOffsets(response))
        }
        let name = Name(request.groupId)
        guard let group = groups[name] else {
            response.errorCode = ErrorCode.groupIdNotFound.rawValue
            return effects.reply(token, .deleteOffsets(response))
        }
        if !group.isEmpty, group.protocolType != "consumer" {
            response.errorCode = ErrorCode.nonEmptyGroup.rawValue
            return effects.reply(token, .deleteOffsets(response))
        }
        for topic in request.topics {
            let isSubscribed = !group.isEmpty && group.isSubscribed(to: Name(topic.name))
            var row = OffsetDeleteResponse.OffsetDeleteResponseTopic()
            row.name = topic.name
            for partition in topic.partitions {
                var answer = OffsetDeleteResponse.OffsetDeleteResponsePartition()
                answer.partitionIndex = partition.partitionIndex
                if isSubscribed {
                    answer.errorCode = ErrorCode.groupSubscribedToTopic.rawValue
                } else {
                    deleteOffset(name, Name(topic.name), partition.partitionIndex, &effects)
                }
                row.partitions.append(answer)
            }
            response.topics.append(row)
        }
        effects.reply(token, .deleteOffsets(response))
    }

    mutating func deleteOffset(
        _ group: Name, _ topic: Name, _ partition: Int32, _ effects: inout Effects<GroupMachine>
    ) {
        guard offsets[group, topic, partition] != nil else { return }
        var key = OffsetCommitKey()
        (key.group, key.topic, key.partition) = (group.text, topic.text, partition)
        write(.offset(key, nil), &effects)
    }

    /// The offsets of topics that are gone say nothing about new ones of the same names. Each goes by itself, as when they
    /// expire.
    mutating func forgetOffsets(of topics: Set<Name>, _ effects: inout Effects<GroupMachine>) {
        guard !topics.isEmpty else { return }
        for (group, byTopic) in offsets.groups {
            for topic in topics {
                guard let partitions = byTopic[topic] else { continue }
                for partition in partitions.keys {
                    effects.separate()
                    deleteOffset(group, topic, partition, &effects)
                }
            }
        }
    }
}

/// A partition is answered once, however often it is asked for: a few bytes of a request ask for kilobytes of metadata.
private struct FetchedPartition: Hashable {
    let topic: Name
    let index: Int32
}
