import KafkaProtocol
import Metrics
import Runtime

/// Asks the shards for their reports, on the control plane, then when the records were written that groups wait for, and has
/// the answer written on the blocking pool. One round at a time: who asks meanwhile gets the same answer.
final class MetricsGatherer {
    typealias Reply = @Sendable (Result<[UInt8], MetricsUnavailable>) -> Void

    /// A shard that does not answer for so long does not answer.
    private static let patience = Interval.seconds(10)

    private let loop: Shard
    private let context: BrokerContext
    private let arrivals: Mailbox<Arrival>
    /// One for each shard.
    var sources: [ReportSource] = []
    private var waiting: [Reply] = []
    private var round: Round?
    private var number: UInt64 = 0
    private var history = MetricsHistory()
    private var recordTimes = RecordTimes()

    private struct Arrival: Sendable {
        enum Content: Sendable {
            case report(ShardReport, shard: Int)
            case times([GroupLag.Place: Int64])
        }

        let round: UInt64
        let content: Content
    }

    private struct Round {
        enum Stage {
            /// By shard.
            case reporting([ShardReport?])
            /// What has to be looked up is found out on the pool.
            case planning([ShardReport])
            /// So many shards look up times of records.
            case lookingUp([ShardReport], [GroupLag], outstanding: Int)
        }

        let number: UInt64
        var stage: Stage
        let deadline: DeadlineToken
        let describe: () -> ClusterReport
    }

    private struct Plan: Sendable {
        let lags: [GroupLag]
        let times: RecordTimes
        /// By shard.
        let questions: [[GroupLag.Place]]

        init(_ reports: [ShardReport], _ times: RecordTimes) {
            lags = GroupLag.all(reports)
            var times = times
            questions = times.plan(lags, shardCount: reports.count)
            self.times = times
        }
    }

    init(loop: Shard, context: BrokerContext) {
        self.loop = loop
        self.context = context
        var arrived: ((Arrival) -> Void)?
        arrivals = loop.makeMailbox(of: Arrival.self) { arrived?($0) }
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
        round = Round(
            number: number, stage: .reporting(sources.map { _ in nil }), deadline: deadline, describe: describe)
        for (index, source) in sources.enumerated() {
            let (arrivals, number) = (arrivals, number)
            source.report { arrivals.post(Arrival(round: number, content: .report($0, shard: index))) }
        }
    }

    private func arrived(_ arrival: Arrival) {
        guard let round, round.number == arrival.round else { return }
        switch (arrival.content, round.stage) {
        case (.report(let report, let shard), .reporting(var reports)):
            reports[shard] = report
            let known = reports.compactMap { $0 }
            self.round?.stage = known.count == reports.count ? .planning(known) : .reporting(reports)
            if known.count == reports.count { plan(known) }
        case (.times(let found), .lookingUp(let reports, let lags, let outstanding)):
            recordTimes.take(found)
            self.round?.stage = .lookingUp(reports, lags, outstanding: outstanding - 1)
            if outstanding == 1 { write(reports, lags) }
        default: preconditionFailure("a shard answers what it was asked")
        }
    }

    // MARK: Times of records

    private func plan(_ reports: [ShardReport]) {
        guard reports.contains(where: { !$0.groups.groups.isEmpty }) else { return write(reports, []) }
        let (number, times) = (number, recordTimes)
        do {
            try loop.run(
                on: context.pool, job: { Plan(reports, times) },
                then: { [unowned self] plan in
                    // It may have given up.
                    if round?.number == number { lookUp(plan, reports) }
                })
        } catch {
            fail("The broker is too busy: \(error).")
        }
    }

    private func lookUp(_ plan: Plan, _ reports: [ShardReport]) {
        recordTimes = plan.times
        let asked = plan.questions.indices.filter { !plan.questions[$0].isEmpty }
        guard !asked.isEmpty else { return write(reports, plan.lags) }
        round?.stage = .lookingUp(reports, plan.lags, outstanding: asked.count)
        for index in asked {
            let (arrivals, number) = (arrivals, number)
            sources[index].recordTimes(plan.questions[index]) {
                arrivals.post(Arrival(round: number, content: .times($0)))
            }
        }
    }

    // MARK: The end of a round

    private func write(_ reports: [ShardReport], _ lags: [GroupLag]) {
        guard let round else { return }
        loop.cancel(round.deadline)
        self.round = nil
        let replies = takeWaiting()
        let recent = history.add(reports, now: loop.now)
        let (context, status) = (context, context.status)
        let report = BrokerReport(
            nodeID: context.nodeID, shards: reports, cluster: round.describe(), recent: recent, lags: lags,
            recordTimes: recordTimes, now: loop.wallClockMs, phase: status.phase,
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
        // What is not known of records is left out.
        if case .lookingUp(let reports, let lags, _) = round?.stage { return write(reports, lags) }
        fail("A shard did not answer.")
    }

    private func fail(_ reason: String) {
        if let round { loop.cancel(round.deadline) }
        round = nil
        for reply in takeWaiting() { reply(.failure(MetricsUnavailable(reason: reason))) }
    }

    private func takeWaiting() -> [Reply] {
        defer { waiting.removeAll() }
        return waiting
    }
}

/// A way to ask a shard; the answer comes later, on that shard's thread.
struct ReportSource: Sendable {
    let report: @Sendable (_ reply: @escaping @Sendable (ShardReport) -> Void) -> Void
    /// When records were written.
    let recordTimes:
        @Sendable (
            _ places: [GroupLag.Place], _ reply: @escaping @Sendable ([GroupLag.Place: Int64]) -> Void
        ) -> Void
}
