import Bytes
import KafkaProtocol
import Replication
import Runtime

/// Produce, versions 3 to 13 (0 to 2 are advertised for librdkafka's sake and refused).
///
/// 5 log start offset; 8 record errors and a message; 9 flexible; 10 current leader and node endpoints (KIP-951);
/// 13 topic ids in place of names.
enum ProduceHandler {
    static func handle(_ request: Request, _ session: ClientSession) throws {
        let view = try ProduceRequestView(
            request.body, version: request.version, maximumElements: session.shard.requestLimits.partitions)
        var items = ProduceItems()
        items.collect(view, of: request, session)
        let isForbidden = view.transactionalId == nil && items.hasTransactionalBatch
        var pending = PendingProduce(
            number: request.number, correlationID: request.correlationID, version: request.version,
            times: session.requestTimes, deadline: session.shard.loop.now + patience(view.timeoutMs),
            topics: items.topics, partitions: [], unfinished: 0)
        pending.partitions.reserveCapacity(items.partitions.count)
        for (slot, item) in items.partitions.enumerated() {
            let token = AcknowledgementToken(
                shard: Int32(session.shard.index), slot: Int32(truncatingIfNeeded: slot), session: session.number,
                request: request.number)
            let options = ProduceOptions(
                version: request.version, acks: view.acks, token: token)
            let produced =
                isForbidden
                ? ProducedPartition(index: item.partition, error: .transactionalIdAuthorizationFailed)
                : append(item, options, session)
            if produced.isWaiting { pending.unfinished += 1 }
            pending.partitions.append(produced)
        }
        if session.meter != nil { pending.throttleMs = session.throttleProduce(isAnswered: view.acks != 0) }
        finish(pending, acks: view.acks, session: session)
    }

    /// How long a produce waits. The client's timeout is meant for replicas; the local disk, which Kafka does not count in,
    /// has some seconds in any case.
    private static func patience(_ timeoutMs: Int32) -> Interval { .milliseconds(max(Int64(timeoutMs), 5_000)) }

    private static func append(
        _ item: ProduceItem, _ options: ProduceOptions, _ session: ClientSession
    ) -> ProducedPartition {
        guard options.acks >= -1 && options.acks <= 1 else {
            return ProducedPartition(index: item.partition, error: .invalidRequiredAcks)
        }
        guard let entry = item.entry else { return ProducedPartition(index: item.partition, error: item.error) }
        let shard = session.shard
        switch shard.locate(entry, item.partition) {
        case .here(let partition): return partition.append(item.records, options, index: item.partition)
        case .elsewhere(let owner, let topicID):
            return shard.appendElsewhere(owner, topicID, item.partition, item.records, options)
        case .unknown(let error): return ProducedPartition(index: item.partition, error: error)
        }
    }

    private static func finish(_ pending: PendingProduce, acks: Int16, session: ClientSession) {
        if acks == 0 {
            // There is no answer in which to say what went wrong, so the connection says it.
            if let failed = pending.partitions.first(where: { $0.error != .none }) {
                session.close("produce with acks=0 failed: \(failed.error)")
            }
            return
        }
        session.enqueue(pending)
    }
}
