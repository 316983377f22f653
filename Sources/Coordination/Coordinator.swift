public import Bytes
public import Collections

/// Runs one machine over one partition of a replicated log, without touching the log itself.
///
/// Decisions are applied at once and their records gathered. Whoever runs the coordinator takes them with `takeRecords`,
/// appends them, and says how that ended, in order. A reply leaves when everything that was decided before it is committed,
/// so that nobody is told what a crash could take back. After a failed write the machine's state is what the log says,
/// and everything that was decided on top of it has failed too.
public final class Coordinator<Machine: CoordinatorMachine> {
    public typealias Answer = (token: ReplyToken, outcome: Result<Machine.Reply, CoordinatorFailure>)

    @usableFromInline var state: Machine
    @inlinable public var machine: Machine { state }
    @usableFromInline var timers = DeadlineTable<Machine.Timer>()
    @usableFromInline let ids: () -> UUID
    /// Looks a deadline up, for decisions that tell of them; made once.
    @usableFromInline var deadline: (Machine.Timer) -> Int64? = { _ in nil }
    @usableFromInline var isLoaded = false

    @usableFromInline let recordLimit: () -> Int

    /// Records that were decided on and not taken yet, as they will stand in the log.
    @usableFromInline var records: [(key: [UInt8], value: [UInt8]?)] = []
    /// Of the last decision that has records.
    @usableFromInline var decided = StateVersion.loaded
    @usableFromInline var committed = StateVersion.loaded
    /// Taken, and neither committed nor failed: the last decisions of writes.
    @usableFromInline var underWay: Deque<StateVersion> = []
    /// What waits for a version to be committed, in order.
    @usableFromInline var waiting: Deque<(version: StateVersion, outcome: Waiting)> = []
    @usableFromInline var answers: [Answer] = []

    @usableFromInline enum Waiting {
        case reply(ReplyToken, Machine.Reply)
        case note(Machine.Note)
    }

    /// - Parameter recordLimit: the most that key and value of a record may have together by now, in bytes. A decision that
    ///   needs a larger one is taken back, by itself, and whoever asked is told.
    @inlinable public init(
        _ machine: Machine, recordLimit: @escaping () -> Int = { .max }, ids: @escaping () -> UUID
    ) {
        state = machine
        self.recordLimit = recordLimit
        self.ids = ids
        deadline = { [unowned self] in timers.deadline(of: $0) }
    }

    // MARK: Loading

    /// Takes up a record that is in the log.
    @inlinable public func load(_ record: Machine.Record) {
        precondition(!isLoaded, "a log is loaded before anything is decided")
        state.apply(record, in: .loaded)
    }

    /// The whole log was taken up: from now on commands are handled.
    @inlinable public func finishLoading(at now: CoordinatorTime) {
        precondition(!isLoaded, "a log is loaded once")
        isLoaded = true
        decide(at: now) { $0.loaded(&$1) }
    }

    // MARK: Deciding

    @inlinable public func handle(_ command: Machine.Command, from token: ReplyToken, at now: CoordinatorTime) {
        precondition(isLoaded, "commands come after the log")
        decide(at: now) { $0.handle(command, from: token, &$1) }
    }

    /// The moment, by `CoordinatorTime.clock`, before which `wake` has nothing to do.
    @inlinable public var nextDeadline: Int64? { timers.next }

    /// Handles the deadlines that have passed, no more than there are: what they set anew for this very moment, and might
    /// again and again, is left for the next time.
    @inlinable public func wake(at now: CoordinatorTime) {
        for _ in 0..<max(timers.count, 1) {
            guard let timer = timers.pop(at: now.clock) else { return }
            decide(at: now) { $0.expired(timer, &$1) }
        }
    }

    @inlinable func decide(at now: CoordinatorTime, _ decision: (inout Machine, inout Effects<Machine>) -> Void) {
        var effects = Effects<Machine>(now: now, version: decided.next, ids: ids, deadline: deadline)
        decision(&state, &effects)
        for (timer, deadline) in effects.timers {
            if let deadline { timers.set(timer, deadline) } else { timers.cancel(timer) }
        }
        if !effects.records.isEmpty {
            guard keep(effects.records) else { return takeBack(effects, at: now) }
            decided = effects.version
        }
        let version = records.isEmpty ? underWay.last ?? committed : decided
        for (token, reply) in effects.replies { wait(.reply(token, reply), for: version) }
        for note in effects.notes { wait(.note(note), for: version) }
        release(at: now)
    }

    /// False, and nothing is kept, where one of them cannot be stored.
    @inlinable func keep(_ new: [Machine.Record]) -> Bool {
        let (count, limit) = (records.count, recordLimit())
        for record in new {
            guard let pair = try? record.encode(), pair.key.count + (pair.value?.count ?? 0) <= limit else {
                records.removeLast(records.count - count)
                return false
            }
            records.append(pair)
        }
        return true
    }

    /// The newest decision needs what cannot be stored.
    @usableFromInline func takeBack(_ effects: Effects<Machine>, at now: CoordinatorTime) {
        state.revert(to: decided)
        for (token, _) in effects.replies { answers.append((token, .failure(.tooLarge))) }
        for note in effects.notes { decide(at: now) { $0.ended(note, failure: .tooLarge, &$1) } }
        decide(at: now) { $0.reverted(because: .tooLarge, &$1) }
    }

    @inlinable func wait(_ outcome: Waiting, for version: StateVersion) { waiting.append((version, outcome)) }

    // MARK: Writing

    /// Whether there is something to append.
    @inlinable public var hasRecords: Bool { !records.isEmpty }

    /// The records that were decided on since they were last taken, and the version that they make.
    @inlinable public func takeRecords() -> (
        version: StateVersion, records: [(key: [UInt8], value: [UInt8]?)]
    ) {
        precondition(!records.isEmpty, "there is something to append")
        defer {
            records.removeAll()
            underWay.append(decided)
        }
        return (decided, records)
    }

    /// The records of this version, and of all before it, are committed.
    @inlinable public func committed(_ version: StateVersion, at now: CoordinatorTime) {
        guard let first = underWay.first, first <= version else { return }
        while let first = underWay.first, first <= version { _ = underWay.popFirst() }
        committed = version
        state.commit(upTo: version)
        release(at: now)
    }

    /// The records of this version are not in the log, nor is anything that was decided after them.
    @inlinable public func failed(_ version: StateVersion, because failure: CoordinatorFailure, at now: CoordinatorTime)
    {
        guard let last = underWay.last, last >= version else { return }
        while let last = underWay.last, last >= version { _ = underWay.popLast() }
        let kept = underWay.last ?? committed
        state.revert(to: kept)
        records.removeAll()
        var lost: [Waiting] = []
        while let last = waiting.last, last.version > kept {
            _ = waiting.popLast()
            lost.append(last.outcome)
        }
        for outcome in lost.reversed() {
            switch outcome {
            case .reply(let token, _): answers.append((token, .failure(failure)))
            case .note(let note): decide(at: now) { $0.ended(note, failure: failure, &$1) }
            }
        }
        decide(at: now) { $0.reverted(because: failure, &$1) }
    }

    @inlinable func release(at now: CoordinatorTime) {
        while let first = waiting.first, first.version <= committed {
            _ = waiting.popFirst()
            switch first.outcome {
            case .reply(let token, let reply): answers.append((token, .success(reply)))
            case .note(let note): decide(at: now) { $0.ended(note, failure: nil, &$1) }
            }
        }
    }

    // MARK: Answers

    /// The answers that became due since they were last taken, in order.
    @inlinable public func takeAnswers() -> [Answer] {
        defer { answers.removeAll() }
        return answers
    }
}
