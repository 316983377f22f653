import Bytes
import CommandLine
import KafkaClientCore
import KafkaProtocol
import Runtime

/// Finds out where to start and end, then writes out what the consumer hands over.
final class ConsumeRun: ConsumerDelegate {
    private let session: ClientSession
    private let topic: String
    private let wanted: [Int32]
    private let from: StartArgument
    private let untilEnd: Bool
    private let limit: Int?
    private var output: RecordOutput
    private let consumer: Consumer
    private let isolationLevel: IsolationLevel
    /// Where partitions end that are read only so far.
    private var ends: [TopicPartition: Int64] = [:]
    /// Partitions that are still read.
    private var open: Set<TopicPartition> = []
    private var count = 0
    private var hasFailed = false
    private var hasEnded = false
    private let progress: ProgressLine

    init(
        session: ClientSession, topic: String, partitions: [Int32], from: StartArgument, untilEnd: Bool, limit: Int?,
        output: RecordOutput, configuration: ConsumerConfiguration
    ) {
        self.session = session
        self.topic = topic
        wanted = partitions
        self.from = from
        self.untilEnd = untilEnd
        self.limit = limit
        self.output = output
        isolationLevel = configuration.isolationLevel
        consumer = Consumer(client: session.client, configuration: configuration)
        progress = ProgressLine(
            session: session, verb: "read", isEnabled: !session.terminal.isOutputInteractive)
    }

    func start() {
        consumer.delegate = self
        session.onInterrupt = { self.end(.interrupted) }
        session.client.describeCluster(topics: [topic]) { result in
            switch result {
            case .failure(let error): self.session.fail(error)
            case .success(let cluster): self.found(cluster)
            }
        }
    }

    private func found(_ cluster: ClusterMetadata) {
        guard let description = cluster.topics[topic] else {
            let code = cluster.topicErrors[topic]?.rawValue ?? -1
            return session.fail(ClientError(code, doing: "finding topic \(topic)"))
        }
        let existing = description.partitions.map(\.index)
        if let missing = wanted.first(where: { !existing.contains($0) }) {
            session.terminal.writeError("error: topic \(topic) has no partition \(missing)\n")
            session.terminal.writeError("It has \(existing.count): 0 to \(existing.count - 1).\n")
            return session.finish(.failure)
        }
        let partitions = (wanted.isEmpty ? existing : Array(Set(wanted)).sorted()).map {
            TopicPartition(topic: topic, partition: $0)
        }
        open = Set(partitions)
        lookUp(partitions)
    }

    /// Finds the offset at which each partition is to start and, when that matters, where it ends now.
    private func lookUp(_ partitions: [TopicPartition]) {
        let now = session.shard.wallClockMs
        offsets(of: partitions, from.position(nowMs: now)) { starts in
            guard case .last(let count) = self.from else {
                return self.lookUpEnds(starts)
            }
            self.offsets(of: partitions, .earliest) { earliest in
                let clamped = starts.map { ($0.key, max(earliest[$0.key] ?? 0, $0.value - count)) }
                self.lookUpEnds(Dictionary(uniqueKeysWithValues: clamped))
            }
        }
    }

    private func lookUpEnds(_ starts: [TopicPartition: Int64]) {
        guard untilEnd else { return assign(starts) }
        offsets(of: Array(starts.keys), .latest) { ends in
            self.ends = ends
            self.assign(starts)
        }
    }

    private func offsets(
        of partitions: [TopicPartition], _ position: StartPosition,
        _ completion: @escaping ([TopicPartition: Int64]) -> Void
    ) {
        let wanted = Dictionary(uniqueKeysWithValues: partitions.map { ($0, position) })
        session.client.listOffsets(wanted, isolationLevel: isolationLevel) { results in
            var offsets: [TopicPartition: Int64] = [:]
            for (partition, result) in results {
                switch result {
                case .success(let found): offsets[partition] = found.offset
                case .failure(let error): return self.session.fail(error)
                }
            }
            completion(offsets)
        }
    }

    private func assign(_ starts: [TopicPartition: Int64]) {
        if case .offset(let start) = from, let end = ends.values.max(), start > end {
            session.terminal.writeError("offset \(start) lies past the end of \(topic), which is \(end)\n")
        }
        for (partition, start) in starts.sorted(by: { $0.key < $1.key }) {
            if let end = ends[partition], start >= end {
                open.remove(partition)
            } else {
                consumer.assign(partition, from: .offset(start))
            }
        }
        if open.isEmpty { end(.success) }
    }

    func consumer(_ consumer: Consumer, received record: ConsumedRecord, from partition: TopicPartition) {
        if let end = ends[partition], record.offset >= end { return close(partition) }
        guard output.append(record, partition) else { return end(.success) }
        count += 1
        progress.count(count)
        if count == limit { end(.success) }
    }

    func consumer(_ consumer: Consumer, reached position: Int64, end: Int64, of partition: TopicPartition) {
        guard !hasEnded else { return }
        if let end = ends[partition], position >= end { close(partition) }
        if !hasEnded, !output.flush() { self.end(.success) }
    }

    func consumer(_ consumer: Consumer, failed partition: TopicPartition, with error: ClientError) {
        guard !hasEnded else { return }
        hasFailed = true
        _ = output.flush()
        progress.clear()
        session.report(error, goingOn: "--partition \(partition.partition) --from OFFSET goes on behind them")
        close(partition)
    }

    private func close(_ partition: TopicPartition) {
        consumer.unassign(partition)
        open.remove(partition)
        if open.isEmpty { end(.success) }
    }

    private func end(_ code: ExitCode) {
        guard !hasEnded else { return }
        hasEnded = true
        consumer.close()
        _ = output.flush()
        progress.clear()
        session.finish(hasFailed && code == .success ? .failure : code)
    }
}
