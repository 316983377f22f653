import Bytes
import KafkaProtocol
import Runtime

extension Consumer {
    /// A partition in a fetch request.
    private struct Asked {
        let partition: TopicPartition
        let topicId: UUID
        let generation: Int
        let offset: Int64
        let leaderEpoch: Int32
    }

    /// Asks each leader that is not busy for all its partitions that are ready.
    func fetch() {
        let now = client.loop.now
        var byLeader: [Int32: [Asked]] = [:]
        for partition in order {
            guard let position = positions[partition], !position.isPaused, isReady(partition, now) else { continue }
            guard let leader = client.metadata.leader(of: partition) else {
                client.refreshMetadata()
                continue
            }
            guard !busyBrokers.contains(leader.nodeId) else { continue }
            byLeader[leader.nodeId, default: []].append(
                Asked(
                    partition: partition, topicId: client.metadata.topics[partition.topic]?.id ?? .zero,
                    generation: position.generation, offset: position.offset,
                    leaderEpoch: client.metadata.partition(partition)?.leaderEpoch ?? -1))
        }
        for (node, asked) in byLeader {
            for entry in asked { positions[entry.partition]?.phase = .fetching }
            transmit(asked, to: node)
        }
    }

    private func isReady(_ partition: TopicPartition, _ now: MonotonicTime) -> Bool {
        switch positions[partition]?.phase {
        case .ready?: true
        case .waiting(let until)?: until <= now
        default: false
        }
    }

    private func transmit(_ asked: [Asked], to node: Int32) {
        busyBrokers.insert(node)
        let parameters = parameters
        let partitionMaximumBytes = configuration.partitionMaximumBytes
        let byTopic = Dictionary(grouping: asked, by: \.partition.topic)
        // Version 13 names topics by id only.
        let hasIds = asked.allSatisfy { !$0.topicId.isZero }
        let versions = FetchRequestView.versions
        let request = OutgoingRequest(
            apiKey: .fetch, versions: hasIds ? versions : versions.lowerBound...12,
            deadline: client.loop.now + configuration.maximumWait + client.configuration.requestTimeout,
            encode: { (writer, version) throws(EncodeError) in
                var request = try FetchRequestWriter(
                    version: version, parameters: parameters, topicCount: byTopic.count, into: &writer)
                for (topic, entries) in byTopic {
                    try request.beginTopic(
                        name: topic, topicId: entries[0].topicId, partitionCount: entries.count, into: &writer)
                    for entry in entries {
                        var partition = FetchPartition(
                            index: entry.partition.partition, fetchOffset: entry.offset,
                            partitionMaxBytes: partitionMaximumBytes)
                        partition.currentLeaderEpoch = entry.leaderEpoch
                        request.partition(partition, into: &writer)
                    }
                    request.endTopic(into: &writer)
                }
                try request.beginForgottenTopics(count: 0, into: &writer)
                try request.end(into: &writer)
            },
            complete: { [weak self] result in
                guard let self else { return }
                busyBrokers.remove(node)
                answered(asked, result)
                scheduleStep()
            })
        client.transmit(request, to: .node(node), purpose: .fetch)
    }

    private var parameters: FetchParameters {
        var parameters = FetchParameters()
        parameters.maxWaitMs = Int32(clamping: configuration.maximumWait.milliseconds)
        parameters.minBytes = configuration.minimumBytes
        parameters.maxBytes = configuration.maximumBytes
        parameters.isolationLevel = configuration.isolationLevel.rawValue
        return parameters
    }

    private func answered(_ asked: [Asked], _ result: Result<ReceivedResponse, ClientError>) {
        switch result {
        case .failure(let error):
            retry(asked, error)
        case .success(let received):
            do throws(DecodeError) {
                let response = try FetchResponseView(received.body, version: received.version)
                guard response.errorCode == .none else {
                    return retry(asked, ClientError(response.errorCode.rawValue, doing: "fetching"))
                }
                settle(asked, response)
            } catch {
                retry(asked, ClientError(.malformedResponse, "an answer to Fetch that cannot be read"))
            }
        }
    }

    private func retry(_ asked: [Asked], _ error: ClientError) {
        if error.isRetriable { client.refreshMetadata() }
        for entry in asked where isCurrent(entry) {
            error.isRetriable ? wait(entry.partition) : fail(entry.partition, error)
        }
    }

    private func isCurrent(_ entry: Asked) -> Bool { positions[entry.partition]?.generation == entry.generation }

    private func settle(_ asked: [Asked], _ response: FetchResponseView) {
        var left: [TopicPartition: Asked] = [:]
        for entry in asked { left[entry.partition] = entry }
        for topic in response.topics {
            let name =
                response.version >= 13
                ? asked.first { $0.topicId == topic.topicId }?.partition.topic
                : String(decoding: topic.name, as: UTF8.self)
            guard let name else { continue }
            for answer in topic.partitions {
                let partition = TopicPartition(topic: name, partition: answer.header.index)
                guard let entry = left.removeValue(forKey: partition), isCurrent(entry) else { continue }
                settle(partition, answer)
            }
        }
        for entry in left.values where isCurrent(entry) { wait(entry.partition) }
    }

    private func settle(_ partition: TopicPartition, _ answer: FetchResponseView.Partition) {
        let error = answer.header.errorCode
        switch error {
        case .none:
            positions[partition]?.phase = .ready
            positions[partition]?.backoff.reset()
            deliver(partition, answer)
        case .offsetOutOfRange:
            let offset = positions[partition]?.offset ?? -1
            if let reset = configuration.offsetReset {
                positions[partition]?.phase = .unpositioned(reset)
                delegate?.consumer(self, lost: offset, of: partition)
            } else {
                fail(partition, ClientError(error.rawValue, doing: "reading \(partition) from offset \(offset)"))
            }
        case .corruptMessage:
            let offset = positions[partition]?.offset ?? -1
            fail(partition, ClientError(error.rawValue, doing: "reading \(partition) from offset \(offset)"))
        case _ where error.isRetriable:
            if let leader = answer.header.currentLeader {
                client.learn(partition, leader: leader.leaderId, leaderEpoch: leader.leaderEpoch)
            } else if error.invalidatesMetadata {
                client.refreshMetadata()
            }
            wait(partition)
        default:
            fail(partition, ClientError(error.rawValue, doing: "reading \(partition)"))
        }
    }

    /// Leaves the partition alone for a while.
    private func wait(_ partition: TopicPartition) {
        guard var position = positions[partition] else { return }
        let delay = position.backoff.next(using: &client.generator)
        position.phase = .waiting(until: client.loop.now + delay)
        positions[partition] = position
        _ = client.loop.schedule(after: delay) { [weak self] in self?.scheduleStep() }
    }
}
