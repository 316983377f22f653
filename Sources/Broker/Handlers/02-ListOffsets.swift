import Bytes
import KafkaProtocol
import LogStorage
import Replication

/// ListOffsets, versions 1 to 11.
///
/// 2 isolation level; 4 leader epoch; 6 flexible; 7 the latest timestamp (-3); 8 the earliest local offset (-4); 9 the
/// latest tiered offset (-5); 10 timeout; 11 the earliest offset that waits for upload (-6).
enum ListOffsetsHandler {
    /// Timestamps that stand for a place in the log.
    private enum Special {
        static let latest: Int64 = -1
        static let earliest: Int64 = -2
        static let maxTimestamp: Int64 = -3
        static let earliestLocal: Int64 = -4
        static let latestTiered: Int64 = -5
        static let earliestPendingUpload: Int64 = -6

        /// The first version that knows it; nil for what none knows.
        static func firstVersion(_ timestamp: Int64) -> Int16? {
            switch timestamp {
            case 0..., latest, earliest: 1
            case maxTimestamp: 7
            case earliestLocal: 8
            case latestTiered: 9
            case earliestPendingUpload: 11
            default: nil
            }
        }
    }

    typealias Row = ListOffsetsResponse.ListOffsetsPartitionResponse

    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(
            ListOffsetsRequest.self, maximumElements: session.shard.requestLimits.partitions)
        let version = request.version
        let reader = Reader(isConsumer: body.replicaId < 0, readsCommitted: body.isolationLevel == 1)
        session.gather(body.topics, for: request.reply) { topic, gathering in
            look(topic, version, reader, gathering)
        } response: { topics in
            var response = ListOffsetsResponse()
            response.topics = topics.map { topic, rows in
                var row = ListOffsetsResponse.ListOffsetsTopicResponse()
                row.name = topic.name
                row.partitions = version >= 4 ? rows : rows.map(withoutLeaderEpoch)
                return row
            }
            return response
        }
    }

    /// Who asks, which decides how far into the log is looked.
    private struct Reader {
        let isConsumer: Bool
        let readsCommitted: Bool

        func end(of local: LocalPartition) -> Int64 {
            guard isConsumer else { return local.log.logEndOffset }
            return readsCommitted ? local.partition.lastStableOffset : local.partition.highWatermark
        }
    }

    private static func look(
        _ topic: ListOffsetsRequest.ListOffsetsTopic, _ version: Int16, _ reader: Reader, _ gathering: Gathering<Row>
    ) {
        let repeated = repeatedPartitions(topic)
        var answered: Set<Int32> = []
        for partition in topic.partitions {
            guard !repeated.contains(partition.partitionIndex) else {
                let isFirst = answered.insert(partition.partitionIndex).inserted
                if isFirst { gathering.add(failed(partition, .invalidRequest)) }
                continue
            }
            guard let first = Special.firstVersion(partition.timestamp), first <= version else {
                gathering.add(failed(partition, .unsupportedVersion))
                continue
            }
            gathering.ask(topic.name, partition.partitionIndex, failed: { failed(partition, $0) }) { local, reply in
                find(partition, local, reader, reply)
            }
        }
    }

    private static func withoutLeaderEpoch(_ row: Row) -> Row {
        var row = row
        row.leaderEpoch = -1
        return row
    }

    private static func repeatedPartitions(_ topic: ListOffsetsRequest.ListOffsetsTopic) -> Set<Int32> {
        var seen: Set<Int32> = []
        return Set(topic.partitions.map(\.partitionIndex).filter { !seen.insert($0).inserted })
    }

    private static func failed(_ partition: ListOffsetsRequest.ListOffsetsPartition, _ error: ErrorCode) -> Row {
        var row = Row()
        row.partitionIndex = partition.partitionIndex
        row.errorCode = error.rawValue
        return row
    }

    /// Runs on the shard that owns the partition.
    private static func find(
        _ wanted: ListOffsetsRequest.ListOffsetsPartition, _ local: LocalPartition, _ reader: Reader,
        _ reply: @escaping (Row) -> Void
    ) {
        if let error = local.checkLeaderEpoch(wanted.currentLeaderEpoch) { return reply(failed(wanted, error)) }
        var row = Row()
        row.partitionIndex = wanted.partitionIndex
        let bound = reader.end(of: local)
        switch wanted.timestamp {
        case Special.latest:
            row.offset = bound
            row.leaderEpoch = local.partition.leaderEpoch
            reply(row)
        case Special.earliest, Special.earliestLocal:
            row.offset = local.log.logStartOffset
            row.leaderEpoch = local.log.leaderEpoch(at: row.offset) ?? local.partition.leaderEpoch
            reply(row)
        case Special.latestTiered, Special.earliestPendingUpload:
            // Nothing is tiered.
            reply(row)
        default:
            search(wanted, local, bound: bound, row, reply)
        }
    }

    private static func search(
        _ wanted: ListOffsetsRequest.ListOffsetsPartition, _ local: LocalPartition, bound: Int64, _ row: Row,
        _ reply: @escaping (Row) -> Void
    ) {
        let lookup =
            wanted.timestamp == Special.maxTimestamp
            ? local.log.maxTimestampOffset() : local.log.offset(forTimestamp: wanted.timestamp)
        local.consult(lookup) { outcome in
            switch outcome {
            case .success(let place?) where place.offset < bound:
                var row = row
                row.timestamp = place.timestamp
                row.offset = place.offset
                row.leaderEpoch = place.leaderEpoch
                reply(row)
            case .success: reply(row)
            case .failure: reply(failed(wanted, .kafkaStorageError))
            }
        }
    }
}
