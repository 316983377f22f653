public import Bytes
import Collections
public import KafkaProtocol

/// Runs one machine over one partition of a replicated log, without touching the log itself.
///
/// Decisions are applied at once and their records gathered. Whoever runs the coordinator takes them with `takeRecords`,
/// appends them, and says how that ended, in order. A reply leaves when everything that was decided before it is committed,
/// so that nobody is told what a crash could take back. After a failed write the machine's state is what the log says,
/// and everything that was decided on top of it has failed too.
public final class Coordinator<Machine: CoordinatorMachine> {
    public typealias Answer = (token: ReplyToken, outcome: Result<Machine.Reply, CoordinatorFailure>)

    public private(set) var machine: Machine
    private var timers = DeadlineTable<Machine.Timer>()
    private let ids: () -> UUID
    private(set) var isLoaded = false

    /// Records that were decided on and not taken yet; they make up `open`.
    private var records: [Machine.Record] = []
    private var open = StateVersion.loaded.next
    private var committed = StateVersion.loaded
    /// Taken, and neither committed nor failed.
    private var underWay: Deque<StateVersion> = []
    /// What waits for a version to be committed, in order.
    private var waiting: Deque<(version: StateVersion, outcome: Waiting)> = []
    private var answers: [Answer] = []

    private enum Waiting {
        case reply(ReplyToken, Machine.Reply)
        case note(Machine.Note)
    }

    public init(_ machine: Machine, ids: @escaping () -> UUID) {
        self.machine = machine
        self.ids = ids
    }

    // MARK: Loading

    /// Takes up a record that is in the log.
    public func load(_ record: Machine.Record) {
        precondition(!isLoaded, "a log is loaded before anything is decided")
        machine.apply(record, in: .loaded)
    }

    /// The whole log was taken up: from now on commands are handled.
    public func finishLoading(at now: CoordinatorTime) {
        precondition(!isLoaded, "a log is loaded once")
        isLoaded = true
        decide(at: now) { $0.loaded(&$1) }
    }

    // MARK: Deciding

    public func handle(_ command: Machine.Command, from token: ReplyToken, at now: CoordinatorTime) {
        precondition(isLoaded, "commands come after the log")
        decide(at: now) { $0.handle(command, from: token, &$1) }
    }

    /// The moment, by `CoordinatorTime.clock`, before which `wake` has nothing to do.
    public var nextDeadline: Int64? { timers.next }

    /// Handles the deadlines that have passed.
    public func wake(at now: CoordinatorTime) {
        while let timer = timers.pop(at: now.clock) { decide(at: now) { $0.expired(timer, &$1) } }
    }

    private func decide(at now: CoordinatorTime, _ decision: (inout Machine, inout Effects<Machine>) -> Void) {
        var effects = Effects<Machine>(now: now, version: open, ids: ids)
        decision(&machine, &effects)
        for (timer, deadline) in effects.timers {
            if let deadline { timers.set(timer, deadline) } else { timers.cancel(timer) }
        }
        records.append(contentsOf: effects.records)
        let version = records.isEmpty ? underWay.last ?? committed : open
        for (token, reply) in effects.replies { wait(.reply(token, reply), for: version) }
        for note in effects.notes { wait(.note(note), for: version) }
        release(at: now)
    }

    private func wait(_ outcome: Waiting, for version: StateVersion) { waiting.append((version, outcome)) }

    // MARK: Writing

    /// Whether there is something to append.
    public var hasRecords: Bool { !records.isEmpty }

    /// The records that were decided on since they were last taken, and the version that they make.
    public func takeRecords() -> (version: StateVersion, records: [Machine.Record]) {
        precondition(!records.isEmpty, "there is something to append")
        defer {
            records.removeAll()
            underWay.append(open)
            open = open.next
        }
        return (open, records)
    }

    /// The records of this version, and of all before it, are committed.
    public func committed(_ version: StateVersion, at now: CoordinatorTime) {
        precondition(version < open, "what is committed was taken")
        guard let first = underWay.first, first <= version else { return }
        while let first = underWay.first, first <= version { _ = underWay.popFirst() }
        committed = version
        machine.commit(upTo: version)
        release(at: now)
    }

    /// The records of this version are not in the log, nor is anything that was decided after them.
    public func failed(_ version: StateVersion, because failure: CoordinatorFailure, at now: CoordinatorTime) {
        precondition(version < open, "what fails was taken")
        guard let last = underWay.last, last >= version else { return }
        while let last = underWay.last, last >= version { _ = underWay.popLast() }
        machine.revert(to: version.previous)
        records.removeAll()
        var lost: [Waiting] = []
        while let last = waiting.last, last.version >= version {
            _ = waiting.popLast()
            lost.append(last.outcome)
        }
        for outcome in lost.reversed() {
            switch outcome {
            case .reply(let token, _): answers.append((token, .failure(failure)))
            case .note(let note): decide(at: now) { $0.ended(note, isCommitted: false, &$1) }
            }
        }
    }

    private func release(at now: CoordinatorTime) {
        while let first = waiting.first, first.version <= committed {
            _ = waiting.popFirst()
            switch first.outcome {
            case .reply(let token, let reply): answers.append((token, .success(reply)))
            case .note(let note): decide(at: now) { $0.ended(note, isCommitted: true, &$1) }
            }
        }
    }

    // MARK: Answers

    /// The answers that became due since they were last taken, in order.
    public func takeAnswers() -> [Answer] {
        defer { answers.removeAll() }
        return answers
    }
}

/// Why a coordinator gives no answer of its own.
public enum CoordinatorFailure: Error, Sendable, Hashable {
    /// Its log is being read.
    case loading
    /// Its log takes no records now.
    case notStored
    /// It is not here, or no longer.
    case notHere

    /// What a client is told.
    public var errorCode: ErrorCode {
        switch self {
        case .loading: .coordinatorLoadInProgress
        case .notStored: .coordinatorNotAvailable
        case .notHere: .notCoordinator
        }
    }
}
