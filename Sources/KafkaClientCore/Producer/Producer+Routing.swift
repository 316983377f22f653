import Bytes
import KafkaProtocol
import Runtime

/// From records to batches.
extension Producer {
    /// Puts a record into its partition's batch, or aside until its topic is known.
    func accept(_ entry: UnroutedRecord) {
        let topic = entry.record.topic
        // Records of one topic keep their order, also while they wait.
        if unrouted[topic] == nil, let routed = route(entry) {
            if case .failure(let error) = routed { report(entry, error) }
            return
        }
        unrouted[topic, default: []].append(entry)
        wakeUp(at: entry.acceptedAt + configuration.metadataTimeout)
        client.track(topic: topic)
    }

    /// New metadata: what waited for it may be placed, and a batch may have a leader again.
    func metadataArrived() {
        guard !isClosed else { return }
        for topic in unrouted.keys.sorted() { routeWaiting(topic) }
        if !unrouted.isEmpty { client.refreshMetadata() }
        scheduleDrain()
    }

    /// Reports records whose topic did not become known in time.
    func expireUnrouted(_ now: MonotonicTime) {
        for (topic, entries) in unrouted {
            let expired = entries.prefix { $0.acceptedAt + configuration.metadataTimeout <= now }
            guard !expired.isEmpty else {
                if let first = entries.first { wakeUp(at: first.acceptedAt + configuration.metadataTimeout) }
                continue
            }
            let rest = Array(entries.dropFirst(expired.count))
            unrouted[topic] = rest.isEmpty ? nil : rest
            let error =
                client.metadata.topicErrors[topic].map { ClientError($0.rawValue, doing: "finding topic \(topic)") }
                ?? ClientError(.timedOut, "no metadata of topic \(topic) in time")
            for entry in expired { report(entry, error) }
        }
    }

    private func routeWaiting(_ topic: String) {
        guard let entries = unrouted.removeValue(forKey: topic) else { return }
        for (index, entry) in entries.enumerated() {
            switch route(entry) {
            case nil:
                unrouted[topic] = Array(entries[index...])
                return
            case .failure(let error): report(entry, error)
            case .success: break
            }
        }
    }

    /// Nil when the topic is not known yet.
    private func route(_ entry: UnroutedRecord) -> Result<Void, ClientError>? {
        let record = entry.record
        guard let topic = client.metadata.topics[record.topic], !topic.partitions.isEmpty else {
            guard let error = client.metadata.topicErrors[record.topic], !error.isRetriable else { return nil }
            return .failure(ClientError(error.rawValue, doing: "finding topic \(record.topic)"))
        }
        let index: Int32
        if let partition = record.partition {
            guard topic.partitions.contains(where: { $0.index == partition }) else {
                let error = ErrorCode.unknownTopicOrPartition.rawValue
                let message = "it has \(topic.partitions.count)"
                return .failure(
                    ClientError(error, message, doing: "topic \(record.topic) has no partition \(partition)"))
            }
            index = partition
        } else if let key = record.key {
            index = Partitioner.partition(ofKey: key, count: topic.partitions.count)
        } else {
            index = partitioner.stickyPartition(
                topic: record.topic, size: record.sizeEstimate,
                available: topic.partitions.filter { $0.leader != nil }.map(\.index), count: topic.partitions.count,
                using: &client.generator)
        }
        append(entry, to: TopicPartition(topic: record.topic, partition: index))
        return .success(())
    }

    private func append(_ entry: UnroutedRecord, to partition: TopicPartition) {
        let limit = min(configuration.batchSize, configuration.maximumRequestSize - 512)
        var state =
            partitions.removeValue(forKey: partition)
            ?? PartitionState(
                queue: PartitionQueue(
                    maximumInFlight: configuration.maximumInFlight, isIdempotent: configuration.isIdempotent),
                backoff: Backoff(
                    initial: client.configuration.retryBackoff, maximum: client.configuration.retryBackoffMaximum))
        if let open = state.open, open.size + entry.record.sizeEstimate > limit { seal(&state) }
        if state.open == nil {
            state.open = OpenBatch(
                openedAt: client.loop.now, compression: configuration.compression,
                level: configuration.compressionLevel)
        }
        state.open?.append(
            entry.record, timestamp: entry.record.timestamp ?? client.loop.wallClockMs, delivery: entry.delivery)
        if let open = state.open, open.size >= limit { seal(&state) }
        partitions[partition] = state
    }

    /// Completes the open batch of a partition, if there is one.
    func seal(_ partition: TopicPartition) {
        guard var state = partitions.removeValue(forKey: partition) else { return }
        seal(&state)
        partitions[partition] = state
    }

    private func seal(_ state: inout PartitionState) {
        guard let open = state.open.take() else { return }
        state.queue.enqueue(open.seal(id: nextBatchId, scratch: scratch))
        nextBatchId += 1
    }
}
