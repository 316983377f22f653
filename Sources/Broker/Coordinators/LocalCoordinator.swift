import Bytes
import Collections
import Coordination
import KafkaProtocol
import LogStorage
import Logging
import Records
import Replication
import Runtime

/// A coordinator and the partition that it keeps its state in, on the shard that owns both.
///
/// States: *loading*, while the partition is read; *running*; *ended*, with the partition. Until it runs, and when it has
/// ended, questions are answered with a `CoordinatorFailure`.
final class LocalCoordinator<Machine: CoordinatorMachine> {
    typealias Answer = Result<Machine.Reply, CoordinatorFailure>

    private enum Phase {
        case loading
        case running
        case ended
    }

    let local: LocalPartition
    private unowned let shard: BrokerShard
    private let coordinator: Coordinator<Machine>
    private var phase = Phase.loading
    private var askers: [UInt64: (Answer) -> Void] = [:]
    private var nextAsker: UInt64 = 1
    /// Versions whose records were appended, the oldest first.
    private var appended: Deque<StateVersion> = []
    /// What the machine was told while it was loading: metadata that changed.
    private var untold: [Machine.Command] = []
    /// Of writes that failed, which are told of every ten seconds.
    private var failures = LogLimiter(interval: 10_000)
    /// Runs once, with the machine when it runs, or nil when it ended before it did.
    private let loadEnded: (Machine?) -> Void
    private var alarm: (deadline: Int64, token: DeadlineToken)?

    init(
        _ machine: Machine, _ local: LocalPartition, _ shard: BrokerShard,
        loadEnded: @escaping (Machine?) -> Void
    ) {
        self.loadEnded = loadEnded
        self.local = local
        self.shard = shard
        coordinator = Coordinator(
            machine,
            limits: {
                // Less what a batch adds to its records.
                CoordinatorLimits(
                    record: local.rules.verification.maximumBatchSize - 128,
                    decision: min(local.rules.log.segmentBytes, BatchBuilder.maximumSize) - RecordBatchHeader.size)
            },
            ids: { [unowned shard] in UUID.random(using: &shard.random) })
    }

    /// The state as it is now, committed or not; nil while it is being read.
    var machine: Machine? { phase == .running ? coordinator.machine : nil }

    private var now: CoordinatorTime {
        CoordinatorTime(clock: shard.loop.nowMs, wall: shard.loop.wallClockMs)
    }

    // MARK: Questions

    /// Has the machine handle a command; `then` runs once, when the answer is safe.
    func ask(_ command: Machine.Command, _ then: @escaping (Answer) -> Void) {
        switch phase {
        case .loading: then(.failure(.loading))
        case .ended: then(.failure(.notHere))
        case .running:
            let asker = nextAsker
            nextAsker += 1
            askers[asker] = then
            coordinator.handle(command, from: ReplyToken(asker), at: now)
            settle()
        }
    }

    /// Has the machine handle a command that is not answered; one that still reads its state does when it has.
    func tell(_ command: Machine.Command) {
        guard phase == .running else {
            if phase == .loading { untold.append(command) }
            return
        }
        coordinator.handle(command, from: ReplyToken(0), at: now)
        settle()
    }

    /// After each decision: who has an answer gets it, records go with this tick's writes, the alarm is set.
    private func settle() {
        if coordinator.hasRecords { shard.coordinatorDecided(self) }
        for answer in coordinator.takeAnswers() { askers.removeValue(forKey: answer.token.number)?(answer.outcome) }
        guard phase == .running, let deadline = coordinator.nextDeadline else { return }
        if let alarm {
            guard deadline < alarm.deadline else { return }
            shard.loop.cancel(alarm.token)
        }
        let (nanoseconds, overflow) = deadline.multipliedReportingOverflow(by: 1_000_000)
        let moment = MonotonicTime(nanoseconds: overflow ? .max : nanoseconds)
        alarm = (deadline, shard.loop.schedule(at: moment) { [weak self] in self?.wake() })
    }

    private func wake() {
        alarm = nil
        guard phase == .running else { return }
        coordinator.wake(at: now)
        settle()
    }

    /// The partition is not here any more.
    func end() {
        if phase == .loading { loadEnded(nil) }
        phase = .ended
        if let alarm { shard.loop.cancel(alarm.token) }
        let waiting = askers
        askers.removeAll()
        for then in waiting.values { then(.failure(.notHere)) }
    }

    // MARK: Writing

    private func fail(_ version: StateVersion) {
        if let suppressed = failures.admit(at: now.clock) {
            shard.log.warning(
                "a coordinator's records were not stored: what was decided is taken back",
                metadata: ["partition": "\(local.partition.id)", "suppressed": .init(suppressed)])
        }
        coordinator.failed(version, because: .notStored, at: now)
        settle()
    }

    // MARK: Loading

    /// Reads the partition from its start, then runs.
    func load() { load(from: local.log.logStartOffset, started: shard.loop.now) }

    private func load(from offset: Int64, started: MonotonicTime) {
        guard phase == .loading else { return }
        let end = local.partition.highWatermark
        let read = local.log.read(from: offset, maximumBytes: LoadedRecords<Machine.Record>.windowBytes, upTo: end)
        local.consult(read) { [weak self] outcome in
            guard let self, phase == .loading else { return }
            switch outcome {
            case .success(.bytes(let read)): decode(read, started)
            case .success(.empty): run(started)
            case .success(.offsetOutOfRange): load(from: local.log.logStartOffset, started: started)
            case .success(.corrupt(let offsets)):
                shard.reportCorruption(local.partition.id, offsets)
                load(from: offsets.upperBound, started: started)
            case .failure(let error):
                shard.log.error(
                    "a coordinator's partition cannot be read",
                    metadata: ["partition": "\(local.partition.id)", "error": "\(error)"])
                shard.loop.schedule(after: .seconds(5)) { [weak self] in self?.load(from: offset, started: started) }
            }
        }
    }

    private func decode(_ read: LogRead, _ started: MonotonicTime) {
        shard.runOnPool({ LoadedRecords<Machine.Record>(read) }) { [weak self] loaded in
            guard let self, phase == .loading else { return }
            if let problem = loaded.problem {
                shard.log.error(
                    "records of a coordinator were passed over",
                    metadata: ["partition": "\(local.partition.id)", "problem": "\(problem)"])
            }
            for record in loaded.records { coordinator.load(record) }
            load(from: read.nextOffset, started: started)
        }
    }

    private func run(_ started: MonotonicTime) {
        phase = .running
        coordinator.finishLoading(at: now)
        shard.log.debug(
            "loaded a coordinator",
            metadata: [
                "partition": "\(local.partition.id)", "records": .init(local.partition.highWatermark),
                "milliseconds": .init((shard.loop.now - started).milliseconds),
            ])
        loadEnded(coordinator.machine)
        settle()
        for command in untold { tell(command) }
        untold.removeAll()
    }
}

/// What the shard does with a coordinator whatever its machine.
protocol AnyLocalCoordinator: AnyObject {
    /// Appends what was decided in this tick.
    func appendDecisions()
    /// A version of these records is committed, or failed.
    func acknowledge(_ outcome: Acknowledgement.Outcome)
}

extension LocalCoordinator: AnyLocalCoordinator {
    func appendDecisions() {
        // A decision may be more than the topic takes from clients as one batch, and is one batch all the same.
        let size = local.rules.verification.maximumBatchSize - RecordBatchHeader.size
        while phase == .running, coordinator.hasRecords {
            let (version, records) = coordinator.takeRecords(upTo: size)
            guard let batch = batch(of: records), local.appendOwn(batch) else { return fail(version) }
            appended.append(version)
        }
    }

    /// nil where that would be larger than any batch may be.
    private func batch(of records: [(key: [UInt8], value: [UInt8]?)]) -> Buffer? {
        let timestamp = shard.loop.wallClockMs
        var options = BatchBuilder.Options()
        options.sizeLimit = BatchBuilder.maximumSize
        var builder = BatchBuilder(options)
        for (key, value) in records {
            guard builder.append(timestamp: timestamp, key: key, value: value) else { return nil }
        }
        return builder.finish()
    }

    func acknowledge(_ outcome: Acknowledgement.Outcome) {
        guard let version = appended.popFirst() else { return }
        switch outcome {
        case .committed:
            coordinator.committed(version, at: now)
            settle()
        case .failed: fail(version)
        }
    }
}
