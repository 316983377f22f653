import Bytes
import CommandLine
import KafkaClientCore
import KafkaProtocol
import Runtime

/// Writes out what a member of a group is given to read, and has stored how far it has come when that is written.
final class GroupConsumeRun: GroupConsumerDelegate {
    private let session: ClientSession
    private let topic: String
    /// Where it goes on whose offset is gone.
    private let goingOn: String
    private let untilEnd: Bool
    private let limit: Int?
    private var output: RecordOutput
    private let member: GroupConsumer
    /// Where partitions stand behind what was handed over and is not written yet.
    private var unwritten: [TopicPartition: Int64] = [:]
    /// Partitions that are read until they end.
    private var open: Set<TopicPartition> = []
    private var count = 0
    private var hasEnded = false
    private let progress: ProgressLine

    init(
        session: ClientSession, configuration: GroupConsumerConfiguration, untilEnd: Bool, limit: Int?,
        output: RecordOutput
    ) {
        self.session = session
        topic = configuration.topics.first ?? ""
        goingOn =
            switch configuration.start {
            case .earliest: "the beginning"
            case .latest: "the end"
            default: "what --from says"
            }
        self.untilEnd = untilEnd
        self.limit = limit
        self.output = output
        member = GroupConsumer(client: session.client, configuration: configuration)
        progress = ProgressLine(
            session: session, verb: "read", isEnabled: !session.terminal.isOutputInteractive)
    }

    func start() {
        member.delegate = self
        session.onInterrupt = { self.end(.interrupted) }
        session.client.describeCluster(topics: [topic]) { result in
            switch result {
            case .failure(let error): self.session.fail(error)
            case .success(let cluster):
                guard cluster.topics[self.topic] != nil else {
                    let code = cluster.topicErrors[self.topic]?.rawValue ?? -1
                    return self.session.fail(ClientError(code, doing: "finding topic \(self.topic)"))
                }
                self.member.start()
            }
        }
    }

    func groupConsumer(_ consumer: GroupConsumer, assigned partitions: [TopicPartition]) {
        guard !hasEnded else { return }
        progress.clear()
        let shown = partitions.isEmpty ? "nothing" : partitions.map(\.description).joined(separator: ", ")
        session.terminal.writeError("group \(consumer.configuration.group): reading \(shown)\n")
        open = Set(partitions)
        endIfAllIsRead()
    }

    func groupConsumer(
        _ consumer: GroupConsumer, received record: ConsumedRecord, from partition: TopicPartition
    ) {
        guard !hasEnded else { return }
        guard output.append(record, partition) else {
            unwritten = [:]
            return end(.success)
        }
        unwritten[partition] = record.offset + 1
        count += 1
        progress.count(count)
        if count == limit { end(.success) }
    }

    func groupConsumer(
        _ consumer: GroupConsumer, reached position: Int64, end: Int64, of partition: TopicPartition
    ) {
        guard !hasEnded else { return }
        guard write() else { return self.end(.success) }
        if position >= end {
            open.remove(partition)
            endIfAllIsRead()
        }
    }

    func groupConsumer(_ consumer: GroupConsumer, lost position: Int64, of partition: TopicPartition) {
        guard !hasEnded else { return }
        progress.clear()
        session.terminal.writeError(
            "group \(consumer.configuration.group): offset \(position) of \(partition) is not in its log: going on at \(goingOn)\n"
        )
    }

    func groupConsumerWillRevoke(_ consumer: GroupConsumer) { _ = write() }

    func groupConsumer(_ consumer: GroupConsumer, failed error: ClientError) {
        guard !hasEnded else { return }
        hasEnded = true
        _ = write()
        progress.clear()
        session.report(error, goingOn: "'martlet group reset-offsets' moves the group behind them")
        session.finish(.failure)
    }

    /// Writes what was gathered; only then it counts as processed.
    ///
    /// - Returns: false when nothing more can be written.
    private func write() -> Bool {
        defer { unwritten = [:] }
        guard output.flush() else { return false }
        for (partition, offset) in unwritten { member.processed(upTo: offset, of: partition) }
        return true
    }

    private func endIfAllIsRead() {
        if untilEnd, open.isEmpty { end(.success) }
    }

    private func end(_ code: ExitCode) {
        guard !hasEnded else { return }
        hasEnded = true
        _ = write()
        progress.clear()
        member.leave { self.session.finish(code) }
    }
}
