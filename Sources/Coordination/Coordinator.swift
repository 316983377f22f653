public import Bytes
public import Collections

/// Runs one machine over one partition of a replicated log, without touching the log itself.
///
/// Decisions are applied at once and their records gathered. Whoever runs the coordinator takes them with `takeRecords`,
/// appends each time one batch, and says how that ended, in order. A reply leaves when everything that was decided before it is committed,
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

    @usableFromInline let limits: () -> CoordinatorLimits

    /// Decisions whose records were not taken yet.
    @usableFromInline var untaken: Deque<Decision> = []
    /// Of the last decision that has records.
    @usableFromInline var decided = StateVersion.loaded
    @usableFromInline var committed = StateVersion.loaded
    /// Taken, and neither committed nor failed: the last decisions of writes.
    @usableFromInline var underWay: Deque<StateVersion> = []
    /// What waits for a version to be committed, in order.
    @usableFromInline var waiting: Deque<(version: StateVersion, outcome: Waiting)> = []
    @usableFromInline var answers: [Answer] = []

    @usableFromInline struct Decision {
        @usableFromInline let version: StateVersion
        /// As they will stand in the log.
        @usableFromInline let records: [(key: [UInt8], value: [UInt8]?)]
        /// What they take of a batch, at most.
        @usableFromInline let byteCount: Int

        @inlinable init(version: StateVersion, records: [(key: [UInt8], value: [UInt8]?)], byteCount: Int) {
            self.version = version
            self.records = records
            self.byteCount = byteCount
        }
    }

    @usableFromInline enum Waiting {
        case reply(ReplyToken, Machine.Reply)
        case note(Machine.Note)
    }

    /// - Parameter limits: what the log takes by now. A decision that needs more is taken back, by itself, and whoever asked
    ///   is told.
    @inlinable public init(
        _ machine: Machine, limits: @escaping () -> CoordinatorLimits = { CoordinatorLimits() },
        ids: @escaping () -> UUID
    ) {
        state = machine
        self.limits = limits
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
        effects.separate()
        guard keep(effects.separated) else { return takeBack(effects, at: now) }
        let version = untaken.last?.version ?? underWay.last ?? committed
        for (token, reply) in effects.replies { wait(.reply(token, reply), for: version) }
        for note in effects.notes { wait(.note(note), for: version) }
        release(at: now)
    }

    /// False, and nothing is kept, where something of it cannot be stored.
    @inlinable func keep(_ new: [(version: StateVersion, records: [Machine.Record])]) -> Bool {
        guard !new.isEmpty else { return true }
        let limits = limits()
        var decisions: [Decision] = []
        for (version, records) in new {
            guard let decision = encode(records, version, limits) else { return false }
            decisions.append(decision)
        }
        for decision in decisions {
            untaken.append(decision)
            decided = decision.version
        }
        return true
    }

    /// nil where it cannot be stored.
    @inlinable func encode(
        _ records: [Machine.Record], _ version: StateVersion, _ limits: CoordinatorLimits
    ) -> Decision? {
        var pairs: [(key: [UInt8], value: [UInt8]?)] = []
        pairs.reserveCapacity(records.count)
        var byteCount = 0
        for record in records {
            guard let pair = try? record.encode() else { return nil }
            let size = pair.key.count + (pair.value?.count ?? 0)
            byteCount += size + CoordinatorLimits.recordOverhead
            guard size <= limits.record, byteCount <= limits.decision else { return nil }
            pairs.append(pair)
        }
        return Decision(version: version, records: pairs, byteCount: byteCount)
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
    @inlinable public var hasRecords: Bool { !untaken.isEmpty }

    /// The records of one batch, out of those that were not taken yet, and the version that they make. A decision is in one
    /// batch as a whole, or a crash could leave a part of it.
    ///
    /// - Parameter size: the bytes of records from which on no further decision is taken; the first one is, whatever its size.
    @inlinable public func takeRecords(
        upTo size: Int = .max
    ) -> (version: StateVersion, records: [(key: [UInt8], value: [UInt8]?)]) {
        guard let first = untaken.popFirst() else { preconditionFailure("there is something to append") }
        var (version, records, byteCount) = (first.version, first.records, first.byteCount)
        while let next = untaken.first, next.byteCount <= size - byteCount {
            _ = untaken.popFirst()
            version = next.version
            records += next.records
            byteCount += next.byteCount
        }
        underWay.append(version)
        return (version, records)
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
        // It may have failed with one before it, and what was decided since has not.
        guard underWay.contains(version) else { return }
        while let last = underWay.last, last >= version { _ = underWay.popLast() }
        let kept = underWay.last ?? committed
        state.revert(to: kept)
        untaken.removeAll()
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
