import Bytes
import KafkaProtocol
import Runtime

/// From batches to requests, and back to reports.
extension Producer {
    /// A batch in a request: where it goes and what names it.
    private struct Sent {
        let partition: TopicPartition
        let topicId: UUID
        let batchId: Int
        let bytes: [UInt8]
    }

    /// Sends what can be sent, and sees to it that what cannot yet is looked at again.
    func drain() {
        let now = client.loop.now
        expireUnrouted(now)
        expireBatches(now)
        var ready: [Int32: [TopicPartition]] = [:]
        for partition in partitions.keys {
            sealIfDue(partition, now)
            assignIdentity(partition)
            guard let state = partitions[partition] else { continue }
            if let next = state.queue.nextAttempt, next > now { wakeUp(at: next) }
            if let oldest = state.queue.oldestWaiting { wakeUp(at: oldest + configuration.deliveryTimeout) }
            guard state.queue.canTake(now) else { continue }
            if let leader = client.metadata.leader(of: partition) {
                ready[leader.nodeId, default: []].append(partition)
            } else {
                client.track(topic: partition.topic)
                client.refreshMetadata()
                noteRetry(partition, ClientError(.leaderUnavailable, "\(partition) has no leader that is known"))
            }
        }
        for (node, candidates) in ready {
            while inFlightRequests[node, default: 0] < configuration.maximumInFlight {
                let batches = takeBatches(of: candidates, now)
                if batches.isEmpty { break }
                transmit(batches, to: node)
            }
        }
    }

    private func sealIfDue(_ partition: TopicPartition, _ now: MonotonicTime) {
        guard let open = partitions[partition]?.open else { return }
        let due = open.openedAt + configuration.linger
        if due <= now || isFlushing || isFull { seal(partition) } else { wakeUp(at: due) }
    }

    private func expireBatches(_ now: MonotonicTime) {
        let oldest = MonotonicTime(nanoseconds: now.nanoseconds - configuration.deliveryTimeout.nanoseconds)
        var expired: [(TopicPartition, ProducerBatch)] = []
        for partition in partitions.keys {
            for batch in partitions[partition]?.queue.takeExpired(createdUntil: oldest) ?? [] {
                expired.append((partition, batch))
            }
        }
        for (partition, batch) in expired { report(batch, partition, .failure(overdue(partition))) }
    }

    /// The error of a batch that was not delivered in time: of the kind that stood in its way last.
    private func overdue(_ partition: TopicPartition) -> ClientError {
        let message = "not delivered to \(partition) within \(configuration.deliveryTimeout.milliseconds / 1_000) s"
        guard let last = partitions[partition]?.lastError else { return ClientError(.timedOut, message) }
        if case .broker(let code) = last.code { return ClientError(last.code, "\(message), last because of \(code)") }
        return ClientError(last.code, "\(message), last because of this: \(last)")
    }

    private func noteRetry(_ partition: TopicPartition, _ error: ClientError) {
        partitions[partition]?.lastError = error
        onRetry?(partition, error)
    }

    /// One batch of each partition, as many as fit into a request.
    private func takeBatches(of candidates: [TopicPartition], _ now: MonotonicTime) -> [Sent] {
        var batches: [Sent] = []
        var size = 0
        for partition in candidates {
            guard let next = partitions[partition]?.queue.nextSize else { continue }
            if !batches.isEmpty, size + next > configuration.maximumRequestSize { continue }
            guard let batch = partitions[partition]?.queue.take(now) else { continue }
            size += next
            batches.append(
                Sent(
                    partition: partition, topicId: client.metadata.topics[partition.topic]?.id ?? .zero,
                    batchId: batch.id, bytes: batch.bytes))
        }
        return batches
    }

    private func transmit(_ batches: [Sent], to node: Int32) {
        inFlightRequests[node, default: 0] += 1
        let acks = configuration.acks
        let timeout = min(client.configuration.requestTimeout, configuration.deliveryTimeout)
        let timeoutMs = Int32(clamping: timeout.milliseconds)
        let byTopic = Dictionary(grouping: batches, by: \.partition.topic)
        // Version 13 names topics by id only.
        let hasIds = batches.allSatisfy { !$0.topicId.isZero }
        let versions = ProduceRequestView.versions
        let request = OutgoingRequest(
            apiKey: .produce, versions: hasIds ? versions : versions.lowerBound...12,
            expectsResponse: acks != .none, deadline: client.loop.now + timeout,
            encode: { (writer, version) throws(EncodeError) in
                var request = try ProduceRequestWriter(
                    version: version, acks: acks.rawValue, timeoutMs: timeoutMs, topicCount: byTopic.count,
                    into: &writer)
                for (topic, batches) in byTopic {
                    try request.beginTopic(
                        name: topic, topicId: batches[0].topicId, partitionCount: batches.count, into: &writer)
                    for batch in batches {
                        batch.bytes.withUnsafeBytes {
                            request.partition(batch.partition.partition, records: $0, into: &writer)
                        }
                    }
                    request.endTopic(into: &writer)
                }
                request.end(into: &writer)
            },
            complete: { [weak self] result in
                guard let self else { return }
                inFlightRequests[node, default: 1] -= 1
                answered(batches, result)
                scheduleDrain()
            })
        client.transmit(request, to: .node(node))
    }

    private func answered(_ batches: [Sent], _ result: Result<ReceivedResponse, ClientError>) {
        switch result {
        case .failure(let error):
            if error.isRetriable { client.refreshMetadata() }
            for batch in batches { failed(batch, error) }
        case .success where configuration.acks == .none:
            for batch in batches { delivered(batch, baseOffset: -1, logAppendTimeMs: -1) }
        case .success(let response):
            do throws(DecodeError) {
                settle(batches, try ProduceResponseView(response.body, version: response.version))
            } catch {
                for batch in batches {
                    failed(batch, ClientError(.malformedResponse, "an answer to Produce that cannot be read"))
                }
            }
        }
    }

    private func settle(_ batches: [Sent], _ response: ProduceResponseView) {
        var byPartition: [TopicPartition: Sent] = [:]
        for batch in batches { byPartition[batch.partition] = batch }
        for topic in response.topics {
            let name =
                response.version >= 13
                ? batches.first { $0.topicId == topic.topicId }?.partition.topic
                : String(decoding: topic.name, as: UTF8.self)
            guard let name else { continue }
            for answer in topic.partitions {
                let partition = TopicPartition(topic: name, partition: answer.index)
                guard let batch = byPartition.removeValue(forKey: partition) else { continue }
                settle(batch, answer)
            }
        }
        for batch in batches where byPartition[batch.partition] != nil {
            failed(batch, ClientError(.disconnected, "the answer leaves out \(batch.partition)"))
        }
    }

    private func settle(_ batch: Sent, _ answer: ProduceResponsePartition) {
        switch answer.errorCode {
        case .none:
            delivered(batch, baseOffset: answer.baseOffset, logAppendTimeMs: answer.logAppendTimeMs)
        case .duplicateSequenceNumber:
            delivered(batch, baseOffset: -1, logAppendTimeMs: -1)
        default:
            if answer.errorCode.invalidatesMetadata {
                if let leader = answer.currentLeader {
                    client.learn(batch.partition, leader: leader.leaderId, leaderEpoch: leader.leaderEpoch)
                } else {
                    client.refreshMetadata()
                }
            }
            let details = answer.recordErrors.compactMap(\.message).first ?? answer.errorMessage
            failed(batch, ClientError(answer.errorCode.rawValue, details, doing: "writing to \(batch.partition)"))
        }
    }

    private func delivered(_ sent: Sent, baseOffset: Int64, logAppendTimeMs: Int64) {
        partitions[sent.partition]?.backoff.reset()
        partitions[sent.partition]?.lastError = nil
        guard let batch = partitions[sent.partition]?.queue.delivered(sent.batchId) else { return }
        report(batch, sent.partition, .success((baseOffset, logAppendTimeMs)))
    }

    private func failed(_ sent: Sent, _ error: ClientError) {
        guard var state = partitions.removeValue(forKey: sent.partition) else { return }
        var rejected: ProducerBatch?
        if let code = retriableCode(of: error) {
            let wait = state.backoff.next(using: &client.generator)
            state.queue.failed(sent.batchId, code, retryAt: client.loop.now + wait)
        } else {
            rejected = state.queue.rejected(sent.batchId)
        }
        partitions[sent.partition] = state
        if let rejected {
            report(rejected, sent.partition, .failure(error))
        } else {
            noteRetry(sent.partition, error)
        }
    }

    /// What to note of an error that is worth another attempt; nil for one that is not.
    private func retriableCode(of error: ClientError) -> ErrorCode? {
        switch error.code {
        case .broker(let code):
            switch code {
            case .outOfOrderSequenceNumber, .unknownProducerId, .invalidProducerEpoch, .invalidProducerIdMapping:
                return configuration.isIdempotent ? code : nil
            default: return code.isRetriable ? code : nil
            }
        default: return error.isRetriable ? .networkException : nil
        }
    }
}

// MARK: - Identity

extension Producer {
    /// Gives a partition that needs one an identity, or asks a broker for one.
    private func assignIdentity(_ partition: TopicPartition) {
        guard let queue = partitions[partition]?.queue, queue.needsIdentity else { return }
        if let identity, identity.id != queue.refusedProducerId {
            partitions[partition]?.queue.assign(identity)
        } else {
            requestIdentity()
        }
    }

    private func requestIdentity() {
        guard !isIdentityRequested else { return }
        isIdentityRequested = true
        identity = nil
        var request = InitProducerIdRequest()
        request.transactionalId = nil
        request.transactionTimeoutMs = Int32(clamping: Interval.seconds(60).milliseconds)
        client.send(
            request, timeout: configuration.deliveryTimeout,
            refusal: { ErrorCode(rawValue: $0.errorCode) },
            willRetry: { [weak self] result in self?.identityDelayed(result) },
            completion: { [weak self] result in self?.identityReceived(result) })
    }

    private func identityDelayed(_ result: Result<InitProducerIdResponse, ClientError>) {
        let error =
            switch result {
            case .success(let response): ClientError(response.errorCode, doing: "getting a producer id")
            case .failure(let error): error
            }
        for partition in partitions.keys where partitions[partition]?.queue.needsIdentity == true {
            noteRetry(partition, error)
        }
    }

    private func identityReceived(_ result: Result<InitProducerIdResponse, ClientError>) {
        guard !isClosed else { return }
        isIdentityRequested = false
        switch result {
        case .success(let response) where response.errorCode == 0:
            identity = ProducerIdentity(id: response.producerId, epoch: response.producerEpoch)
        case .success(let response):
            rejectWaiting(ClientError(response.errorCode, doing: "getting a producer id"))
        case .failure(let error):
            rejectWaiting(ClientError(error.code, "getting a producer id: \(error)"))
        }
        scheduleDrain()
    }

    /// Reports every batch that cannot be sent for lack of an identity.
    private func rejectWaiting(_ error: ClientError) {
        for partition in partitions.keys where partitions[partition]?.queue.needsIdentity == true {
            let batches = partitions[partition]?.queue.removeAll() ?? []
            for batch in batches { report(batch, partition, .failure(error)) }
        }
    }
}
