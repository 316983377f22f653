import KafkaProtocol
import Metrics
import Runtime

/// Asks the shards for their reports, on the control plane, and has the answer written on the blocking pool. One round at a
/// time: who asks meanwhile gets the same answer.
final class MetricsGatherer {
    typealias Reply = @Sendable (Result<[UInt8], MetricsUnavailable>) -> Void

    /// A shard that does not answer for so long does not answer.
    private static let patience = Interval.seconds(10)

    private let loop: Shard
    private let context: BrokerContext
    private let reports: Mailbox<Arrival>
    /// One for each shard.
    var sources: [ReportSource] = []
    private var waiting: [Reply] = []
    private var round: Round?
    private var number: UInt64 = 0
    private var history = MetricsHistory()

    private struct Arrival: Sendable {
        let round: UInt64
        let shard: Int
        let report: ShardReport
    }

    private struct Round {
        let number: UInt64
        var reports: [ShardReport?]
        let deadline: DeadlineToken
        let describe: () -> ClusterReport
    }

    init(loop: Shard, context: BrokerContext) {
        self.loop = loop
        self.context = context
        var arrived: ((Arrival) -> Void)?
        reports = loop.makeMailbox(of: Arrival.self) { arrived?($0) }
        arrived = { [unowned self] in self.arrived($0) }
    }

    /// Answers with the metrics of all shards.
    ///
    /// - Parameter describe: how the cluster stands when the shards have answered.
    func answer(_ describe: @escaping () -> ClusterReport, _ reply: @escaping Reply) {
        guard !sources.isEmpty else { return reply(.failure(MetricsUnavailable(reason: "The broker is starting."))) }
        waiting.append(reply)
        guard round == nil else { return }
        number += 1
        let deadline = loop.schedule(after: MetricsGatherer.patience) { [unowned self] in giveUp() }
        round = Round(number: number, reports: sources.map { _ in nil }, deadline: deadline, describe: describe)
        for (index, source) in sources.enumerated() {
            let (reports, number) = (reports, number)
            source { reports.post(Arrival(round: number, shard: index, report: $0)) }
        }
    }

    private func arrived(_ arrival: Arrival) {
        guard round?.number == arrival.round else { return }
        round?.reports[arrival.shard] = arrival.report
        guard let round, let reports = MetricsGatherer.all(round.reports) else { return }
        loop.cancel(round.deadline)
        self.round = nil
        write(reports, round.describe())
    }

    private static func all(_ reports: [ShardReport?]) -> [ShardReport]? {
        let known = reports.compactMap { $0 }
        return known.count == reports.count ? known : nil
    }

    private func write(_ reports: [ShardReport], _ cluster: ClusterReport) {
        let replies = takeWaiting()
        let recent = history.add(reports, now: loop.now)
        let (context, status) = (context, context.status)
        let report = BrokerReport(
            nodeID: context.nodeID, shards: reports, cluster: cluster, recent: recent, phase: status.phase,
            logs: status.logs, startSeconds: Double(status.startDuration.nanoseconds) / 1e9,
            build: context.build, directories: context.directories.map(\.path))
        do {
            try loop.run(
                on: context.pool,
                job: {
                    let text = report.exposition(ProcessStatistics.current())
                    for reply in replies { reply(.success(text)) }
                }, then: { _ in })
        } catch {
            for reply in replies { reply(.failure(MetricsUnavailable(reason: "The broker is too busy: \(error)."))) }
        }
    }

    private func giveUp() {
        round = nil
        for reply in takeWaiting() { reply(.failure(MetricsUnavailable(reason: "A shard did not answer."))) }
    }

    private func takeWaiting() -> [Reply] {
        defer { waiting.removeAll() }
        return waiting
    }
}

/// Asks a shard for its report, which comes later on that shard's thread.
typealias ReportSource = @Sendable (_ reply: @escaping @Sendable (ShardReport) -> Void) -> Void
