import Bytes
import Configuration
import KafkaProtocol
import Runtime

/// Fetch, versions 4 to 18.
///
/// 5 log start offset; 7 sessions (KIP-227); 9 leader epoch; 11 rack; 12 flexible, last fetched epoch; 13 topic ids;
/// 15 replica state; 16 node endpoints; 17 directory id; 18 high watermark.
enum FetchHandler {
    static func handle(_ request: Request, _ session: ClientSession) throws {
        let shard = session.shard
        let limit = shard.requestLimits.partitions
        let view = try FetchRequestView(
            UnsafeRawBufferPointer(request.body), version: request.version, maximumElements: limit)
        let parameters = view.parameters
        let now = shard.loop.wallClockMs
        guard isValid(view) else { return refusePartitions(request, session, view) }
        let usesTopicIDs = request.version >= 13
        let resolution = shard.fetchSessions.resolve(
            sessionID: parameters.sessionId, epoch: parameters.sessionEpoch, usesTopicIDs: usesTopicIDs, now: now)
        let targets = FetchHandler.targets(view)
        var context: FetchContext
        var isFull = true
        switch resolution {
        case .rejected(let error):
            refuse(request, session, error)
            return
        case .incremental(let known):
            context = known
            isFull = false
        case .sessionless:
            context = FetchContext(id: 0, usesTopicIDs: usesTopicIDs, isPrivileged: false, now: now)
        case .new:
            context =
                shard.fetchSessions.open(
                    for: targets, usesTopicIDs: usesTopicIDs, isPrivileged: parameters.replicaId >= 0, now: now,
                    using: &shard.random)
                ?? FetchContext(id: 0, usesTopicIDs: usesTopicIDs, isPrivileged: false, now: now)
        }
        // A session that a client fills with one request after the other has an end, too.
        guard context.partitions.count + targets.count <= 2 * limit else { throw DecodeError.tooManyElements }
        guard shard.fetchSessions.update(context, targets, forgotten: forgotten(view)) else {
            refuse(request, session, .fetchSessionIdNotFound)
            return
        }
        let hasEnded = !isFull && context.isEmpty
        if hasEnded { shard.fetchSessions.remove(context.id) }
        let operation = FetchOperation(
            session: session, reply: request.reply, context: context,
            options: FetchOptions(
                version: request.version, readsCommitted: parameters.isolationLevel == 1,
                replicaID: parameters.replicaId),
            limits: limits(parameters, session), sessionID: hasEnded ? 0 : context.id, isFull: isFull)
        operation.start()
    }

    private static func limits(_ parameters: FetchParameters, _ session: ClientSession) -> FetchLimits {
        let shard = session.shard
        var maximum = min(Int(parameters.maxBytes), shard.context.configuration.network.maximumFetchBytes)
        if let quota = session.meter?.limits.fetch, parameters.replicaId < 0 {
            maximum = min(maximum, shard.quotas.largestFetch(quota))
        }
        return FetchLimits(
            minimumBytes: min(Int(parameters.minBytes), maximum), maximumBytes: max(maximum, 0),
            maximumWait: .milliseconds(Int64(max(parameters.maxWaitMs, 0))))
    }

    private static func targets(_ view: FetchRequestView) -> [FetchTarget] {
        var targets: [FetchTarget] = []
        for topic in view.topics {
            let name = Name(String(decoding: topic.name, as: UTF8.self))
            for row in topic.partitions {
                targets.append(
                    FetchTarget(
                        key: FetchKey(
                            topicID: topic.topicId, name: name, partition: row.index, isByID: view.version >= 13),
                        fetchOffset: row.fetchOffset, currentLeaderEpoch: row.currentLeaderEpoch,
                        lastFetchedEpoch: row.lastFetchedEpoch, maximumBytes: row.partitionMaxBytes))
            }
        }
        return targets
    }

    private static func forgotten(_ view: FetchRequestView) -> [FetchKey] {
        var keys: [FetchKey] = []
        for topic in view.forgottenTopics {
            let name = Name(String(decoding: topic.name, as: UTF8.self))
            for row in topic.partitions {
                keys.append(
                    FetchKey(topicID: topic.topicId, name: name, partition: row.index, isByID: view.version >= 13))
            }
        }
        return keys
    }

    /// Kafka fails on these as a whole, with its code for the unexpected.
    private static func isValid(_ view: FetchRequestView) -> Bool {
        guard (0...1).contains(view.parameters.isolationLevel) else { return false }
        return view.topics.allSatisfy { topic in topic.partitions.allSatisfy { $0.partitionMaxBytes >= 0 } }
    }

    private static func refusePartitions(_ request: Request, _ session: ClientSession, _ view: FetchRequestView) {
        let unread = FetchedPartition(unread: .unknownServerError)
        let throttleMs = session.throttleRequest(.fetch)
        let count = view.topics.reduce(1) { $0 + $1.partitions.count }
        let errors = [ErrorCode](repeating: .unknownServerError, count: count)
        session.answer(request.reply, errors: errors) { (output) throws(EncodeError) in
            var writer = FetchResponseWriter(
                version: request.version, throttleTimeMs: throttleMs, errorCode: .unknownServerError,
                topicCount: view.topics.count, into: &output)
            for topic in view.topics {
                writer.beginTopic(
                    name: topic.name, topicId: topic.topicId, partitionCount: topic.partitions.count, into: &output)
                for partition in topic.partitions {
                    writer.partition(
                        unread.row(partition.index), records: UnsafeRawBufferPointer(start: nil, count: 0),
                        into: &output)
                }
                writer.endTopic(into: &output)
            }
            try writer.end(into: &output)
        }
    }

    private static func refuse(_ request: Request, _ session: ClientSession, _ error: ErrorCode) {
        let throttleMs = session.throttleRequest(.fetch)
        session.answer(request.reply, errors: [error]) { (output) throws(EncodeError) in
            let writer = FetchResponseWriter(
                version: request.version, throttleTimeMs: throttleMs, errorCode: error, topicCount: 0, into: &output)
            try writer.end(into: &output)
        }
    }
}
