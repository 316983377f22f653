import Bytes
import KafkaProtocol
import Runtime

/// An offset that was looked up.
public struct ListedOffset: Sendable, Equatable {
    public let offset: Int64
    /// Of the record found by time, in milliseconds since 1970; -1 otherwise.
    public let timestamp: Int64
}

extension Client {
    /// Looks up offsets, each at the partition's leader, with retries.
    ///
    /// - Parameters:
    ///   - timeout: nil is the configuration's `callTimeout`.
    ///   - waitsForPartitions: whether partitions that are not there yet are waited for; otherwise it is enough that one
    ///     response, asked for their topic, does not have them.
    public func listOffsets(
        _ wanted: [TopicPartition: StartPosition],
        isolationLevel: IsolationLevel = .readUncommitted, timeout: Interval? = nil, waitsForPartitions: Bool = true,
        completion: @escaping ([TopicPartition: Result<ListedOffset, ClientError>]) -> Void
    ) {
        let lookup = OffsetLookup(
            client: self, wanted: wanted, isolationLevel: isolationLevel, waitsForPartitions: waitsForPartitions,
            deadline: loop.now + (timeout ?? configuration.callTimeout), completion: completion)
        lookup.start()
    }
}

/// Finds offsets of several partitions, whoever leads them.
private final class OffsetLookup {
    private let client: Client
    private let isolationLevel: IsolationLevel
    /// Responses to Metadata that came before; what they said may be old.
    private let earlierResponses: Int
    private let waitsForPartitions: Bool
    private let deadline: MonotonicTime
    private let completion: ([TopicPartition: Result<ListedOffset, ClientError>]) -> Void
    private var open: [TopicPartition: StartPosition]
    private var found: [TopicPartition: Result<ListedOffset, ClientError>] = [:]
    private var lastErrors: [TopicPartition: ClientError] = [:]
    private var unanswered = 0
    private var backoff: Backoff

    init(
        client: Client, wanted: [TopicPartition: StartPosition], isolationLevel: IsolationLevel,
        waitsForPartitions: Bool, deadline: MonotonicTime,
        completion: @escaping ([TopicPartition: Result<ListedOffset, ClientError>]) -> Void
    ) {
        self.client = client
        self.isolationLevel = isolationLevel
        self.waitsForPartitions = waitsForPartitions
        self.deadline = deadline
        self.completion = completion
        earlierResponses = client.metadata.responseCount
        open = wanted
        backoff = Backoff(
            initial: client.configuration.retryBackoff, maximum: client.configuration.retryBackoffMaximum)
    }

    func start() {
        client.track(topics: open.keys.lazy.map(\.topic))
        for (partition, position) in open {
            if case .offset(let offset) = position {
                settle(partition, .success(ListedOffset(offset: offset, timestamp: -1)))
            }
        }
        attempt()
    }

    private func attempt() {
        var byLeader: [Int32: [TopicPartition]] = [:]
        for partition in open.keys {
            if let leader = client.metadata.leader(of: partition) {
                byLeader[leader.nodeId, default: []].append(partition)
            } else {
                noteMissingLeader(partition)
            }
        }
        guard !byLeader.isEmpty else { return finishOrRetry() }
        unanswered = byLeader.count
        for (node, partitions) in byLeader { ask(partitions, at: node) }
    }

    private func noteMissingLeader(_ partition: TopicPartition) {
        let error: ClientError
        if let code = client.metadata.topicErrors[partition.topic] {
            error = ClientError(code.rawValue, doing: "finding topic \(partition.topic)")
        } else {
            error = ClientError(.leaderUnavailable, "the leader of \(partition) is not known")
        }
        let wasLookedFor = client.metadata.hasSpoken(of: partition.topic, since: earlierResponses)
        let isLookedForAgain = waitsForPartitions || !wasLookedFor || isThere(partition)
        guard error.isRetriable, isLookedForAgain else { return settle(partition, .failure(error)) }
        lastErrors[partition] = error
        client.refreshMetadata()
    }

    /// Whether the metadata, as far as it is known, has the partition.
    private func isThere(_ partition: TopicPartition) -> Bool { client.metadata.partition(partition) != nil }

    private func ask(_ partitions: [TopicPartition], at node: Int32) {
        var request = ListOffsetsRequest()
        request.replicaId = -1
        request.isolationLevel = isolationLevel.rawValue
        request.timeoutMs = Int32(clamping: client.configuration.requestTimeout.milliseconds)
        for (topic, members) in Dictionary(grouping: partitions, by: \.topic) {
            var entry = ListOffsetsRequest.ListOffsetsTopic()
            entry.name = topic
            entry.partitions = members.map { partition in
                var wanted = ListOffsetsRequest.ListOffsetsPartition()
                wanted.partitionIndex = partition.partition
                wanted.currentLeaderEpoch = client.metadata.partition(partition)?.leaderEpoch ?? -1
                wanted.timestamp = open[partition]?.listTimestamp ?? StartPosition.latest.listTimestamp
                return wanted
            }
            request.topics.append(entry)
        }
        let left = min(deadline - client.loop.now, client.configuration.requestTimeout)
        client.attempt(request, to: .node(node), timeout: left) { self.answered(partitions, $0) }
    }

    private func answered(_ partitions: [TopicPartition], _ result: Result<ListOffsetsResponse, ClientError>) {
        switch result {
        case .failure(let error):
            for partition in partitions { failed(partition, error) }
        case .success(let response):
            for topic in response.topics {
                for answer in topic.partitions {
                    let partition = TopicPartition(topic: topic.name, partition: answer.partitionIndex)
                    guard open[partition] != nil else { continue }
                    settle(partition, answer)
                }
            }
        }
        unanswered -= 1
        if unanswered == 0 { finishOrRetry() }
    }

    private func settle(
        _ partition: TopicPartition, _ answer: ListOffsetsResponse.ListOffsetsPartitionResponse
    ) {
        guard answer.errorCode == 0 else {
            return failed(partition, ClientError(answer.errorCode, doing: "looking up an offset of \(partition)"))
        }
        if answer.offset < 0, case .timestamp? = open[partition] {
            // No record is that late: reading starts behind the last.
            open[partition] = .latest
        } else {
            settle(partition, .success(ListedOffset(offset: answer.offset, timestamp: answer.timestamp)))
        }
    }

    private func failed(_ partition: TopicPartition, _ error: ClientError) {
        guard error.isRetriable else { return settle(partition, .failure(error)) }
        lastErrors[partition] = error
        client.refreshMetadata()
    }

    private func settle(_ partition: TopicPartition, _ result: Result<ListedOffset, ClientError>) {
        found[partition] = result
        open[partition] = nil
    }

    private func finishOrRetry() {
        let now = client.loop.now
        if open.isEmpty || now + client.configuration.retryBackoff >= deadline {
            for partition in open.keys {
                found[partition] = .failure(
                    lastErrors[partition] ?? ClientError(.timedOut, "no offset of \(partition) in time"))
            }
            return completion(found)
        }
        _ = client.loop.schedule(after: backoff.next(using: &client.generator)) { self.attempt() }
    }
}

extension StartPosition {
    /// The special or real timestamp that ListOffsets knows.
    fileprivate var listTimestamp: Int64 {
        switch self {
        case .latest, .offset: -1
        case .earliest: -2
        case .timestamp(let milliseconds): milliseconds
        }
    }
}
