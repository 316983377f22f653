import Bytes
import KafkaProtocol
import KafkaProtocolMore
import Runtime

extension Client {
    /// Asks how far a group has come in all partitions that it has an offset of; a group that is not there has none.
    public func committedOffsets(
        of group: String, completion: @escaping (Result<[TopicPartition: GroupOffset], ClientError>) -> Void
    ) {
        fetchOffsets(of: group, nil, completion: completion)
    }

    /// Asks how far a group has come in these partitions. Those without an offset are not in the answer.
    func committedOffsets(
        of group: String, in partitions: [TopicPartition],
        completion: @escaping (Result<[TopicPartition: GroupOffset], ClientError>) -> Void
    ) {
        fetchOffsets(of: group, partitions, completion: completion)
    }

    private func fetchOffsets(
        of group: String, _ partitions: [TopicPartition]?,
        completion: @escaping (Result<[TopicPartition: GroupOffset], ClientError>) -> Void
    ) {
        let byTopic = partitions?.byTopic
        var request = OffsetFetchRequest()
        request.requireStable = true
        sendToCoordinator(
            // Version 10 names topics by id only; a group may have offsets of topics that this client knows nothing of.
            of: group, request, versions: (partitions == nil ? 2 : 1)...9,
            adapt: { (request, version) in
                if version < 7 { request.requireStable = false }
                if version >= 8 {
                    var asked = OffsetFetchRequest.OffsetFetchRequestGroup()
                    asked.groupId = group
                    asked.topics = byTopic?.map { topic, partitions in
                        var row = OffsetFetchRequest.OffsetFetchRequestTopics()
                        (row.name, row.partitionIndexes) = (topic, partitions)
                        return row
                    }
                    request.groups = [asked]
                } else {
                    request.groupId = group
                    request.topics = byTopic?.map { topic, partitions in
                        var row = OffsetFetchRequest.OffsetFetchRequestTopic()
                        (row.name, row.partitionIndexes) = (topic, partitions)
                        return row
                    }
                }
            },
            refusal: { $0.firstError },
            completion: { result in
                completion(
                    result.flatMap { response in
                        let what = "asking for the offsets of group \(group)"
                        if response.wholeError == ErrorCode.groupIdNotFound.rawValue { return .success([:]) }
                        if response.wholeError != 0 { return .failure(ClientError(response.wholeError, doing: what)) }
                        return response.offsets(doing: what)
                    })
            })
    }

    /// Sets offsets of a group that nobody is in.
    ///
    /// - Parameter completion: is given an answer for each partition.
    public func setOffsets(
        of group: String, to offsets: [TopicPartition: GroupOffset],
        completion: @escaping (Result<[TopicPartition: Result<Void, ClientError>], ClientError>) -> Void
    ) {
        var request = OffsetCommitRequest(offsets)
        request.groupId = group
        sendToCoordinator(
            of: group, request, versions: OffsetCommitRequest.byName,
            refusal: { $0.firstRetriable }, completion: { completion($0.map { $0.outcomes(of: group) }) })
    }

    /// Takes offsets of a group away.
    ///
    /// - Parameter completion: is given an answer for each partition.
    public func deleteOffsets(
        of group: String, in partitions: [TopicPartition],
        completion: @escaping (Result<[TopicPartition: Result<Void, ClientError>], ClientError>) -> Void
    ) {
        var request = OffsetDeleteRequest()
        request.groupId = group
        request.topics = partitions.byTopic.map { topic, partitions in
            var row = OffsetDeleteRequest.OffsetDeleteRequestTopic()
            row.name = topic
            row.partitions = partitions.map {
                var partition = OffsetDeleteRequest.OffsetDeleteRequestPartition()
                partition.partitionIndex = $0
                return partition
            }
            return row
        }
        sendToCoordinator(of: group, request, refusal: { ErrorCode(rawValue: $0.errorCode) }) { result in
            completion(
                result.flatMap { response in
                    guard response.errorCode == 0 else {
                        return .failure(
                            ClientError(response.errorCode, doing: "deleting offsets of group \(group)"))
                    }
                    var outcomes: [TopicPartition: Result<Void, ClientError>] = [:]
                    for topic in response.topics {
                        for row in topic.partitions {
                            let partition = TopicPartition(topic: topic.name, partition: row.partitionIndex)
                            outcomes[partition] = outcome(row.errorCode, "deleting the offset of \(partition)")
                        }
                    }
                    return .success(outcomes)
                })
        }
    }
}

private func outcome(_ code: Int16, _ what: String) -> Result<Void, ClientError> {
    code == 0 ? .success(()) : .failure(ClientError(code, doing: what))
}

extension OffsetFetchResponse {
    fileprivate var wholeError: Int16 { groups.first?.errorCode ?? errorCode }

    /// That of the whole, or of a partition, as where a transaction is about to move its offset.
    fileprivate var firstError: ErrorCode {
        ErrorCode(rawValue: ([wholeError] + rows.map(\.errorCode)).first { $0 != 0 } ?? 0)
    }

    fileprivate func offsets(doing what: String) -> Result<[TopicPartition: GroupOffset], ClientError> {
        var found: [TopicPartition: GroupOffset] = [:]
        for row in rows {
            guard row.errorCode == 0 else { return .failure(ClientError(row.errorCode, doing: what)) }
            if row.offset.offset >= 0 { found[row.partition] = row.offset }
        }
        return .success(found)
    }

    private typealias Row = (partition: TopicPartition, offset: GroupOffset, errorCode: Int16)

    /// The partitions of the one group, in the form of whatever version.
    private var rows: [Row] {
        func row(
            _ topic: String, _ partition: Int32, _ offset: Int64, _ epoch: Int32, _ metadata: String?, _ error: Int16
        ) -> Row {
            let offset = GroupOffset(offset: offset, leaderEpoch: epoch, metadata: metadata ?? "")
            return (TopicPartition(topic: topic, partition: partition), offset, error)
        }
        let old = topics.flatMap { topic in
            topic.partitions.map {
                row(
                    topic.name, $0.partitionIndex, $0.committedOffset, $0.committedLeaderEpoch, $0.metadata,
                    $0.errorCode)
            }
        }
        let new = (groups.first?.topics ?? []).flatMap { topic in
            topic.partitions.map {
                row(
                    topic.name, $0.partitionIndex, $0.committedOffset, $0.committedLeaderEpoch, $0.metadata,
                    $0.errorCode)
            }
        }
        return old + new
    }
}

extension OffsetCommitRequest {
    /// The versions that name topics by their names.
    static let byName: ClosedRange<Int16> = versions.lowerBound...9

    init(_ offsets: [TopicPartition: GroupOffset]) {
        self.init()
        topics = Dictionary(grouping: offsets, by: \.key.topic).sorted { $0.key < $1.key }.map { topic, entries in
            var row = OffsetCommitRequestTopic()
            row.name = topic
            row.partitions = entries.sorted { $0.key < $1.key }.map { entry in
                var partition = OffsetCommitRequestPartition()
                partition.partitionIndex = entry.key.partition
                partition.committedOffset = entry.value.offset
                partition.committedLeaderEpoch = entry.value.leaderEpoch
                partition.committedMetadata = entry.value.metadata
                return partition
            }
            return row
        }
    }
}

extension OffsetCommitResponse {
    /// An error that a later attempt of the whole may not meet.
    var firstRetriable: ErrorCode {
        let errors = topics.flatMap(\.partitions).map { ErrorCode(rawValue: $0.errorCode) }
        return errors.first { $0.isRetriable && $0 != .unknownTopicOrPartition } ?? .none
    }

    func outcomes(of group: String) -> [TopicPartition: Result<Void, ClientError>] {
        var outcomes: [TopicPartition: Result<Void, ClientError>] = [:]
        for topic in topics {
            for row in topic.partitions {
                let partition = TopicPartition(topic: topic.name, partition: row.partitionIndex)
                outcomes[partition] = outcome(row.errorCode, "setting the offset of group \(group) in \(partition)")
            }
        }
        return outcomes
    }
}
