public import Bytes
public import Collections

/// Runs one machine over one partition of a replicated log, without touching the log itself.
///
/// Decisions are applied at once and their records gathered. Whoever runs the coordinator takes them with `takeRecords`,
/// appends one batch each time, and says how that ended, in order. A reply leaves when everything that was decided before it
/// is committed, so that nobody is told what a crash could take back. After a failed write the machine's state is what the
/// log says, and everything that was decided on top of it has failed too.
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

    /// Records that were decided on and not taken yet, as they will stand in the log, and the decisions that they are of.
    @usableFromInline var records: [(key: [UInt8], value: [UInt8]?)] = []
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
        @usableFromInline var version: StateVersion
        @usableFromInline var recordCount = 0
        /// What its records take of a batch, at most.
        @usableFromInline var byteCount = 0

        @inlinable init(version: StateVersion) { self.version = version }

        @inlinable mutating func add(recordCount: Int, byteCount: Int) {
            self.recordCount += recordCount
            self.byteCount += byteCount
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
        guard keep(effects) else { return takeBack(effects, at: now) }
        let version = untaken.last?.version ?? underWay.last ?? committed
        for (token, reply) in effects.replies { wait(.reply(token, reply), for: version) }
        for note in effects.notes { wait(.note(note), for: version) }
        release(at: now)
    }

    /// False, and nothing is kept, where something of it cannot be stored.
    @inlinable func keep(_ effects: Effects<Machine>) -> Bool {
        guard !effects.records.isEmpty else { return true }
        let (limits, recordCount, decisionCount) = (limits(), records.count, untaken.count)
        var decision = Decision(version: decided.next)
        var separations = effects.separations.makeIterator()
        var end = separations.next() ?? effects.records.count
        for (place, record) in effects.records.enumerated() {
            guard let size = keep(record, limits), decision.byteCount + size <= limits.decision else {
                records.removeLast(records.count - recordCount)
                while untaken.count > decisionCount { _ = untaken.popLast() }
                return false
            }
            decision.add(recordCount: 1, byteCount: size)
            guard place + 1 == end else { continue }
            untaken.append(decision)
            decision = Decision(version: decision.version.next)
            end = separations.next() ?? effects.records.count
        }
        if let last = untaken.last { decided = last.version }
        return true
    }

    /// What the record takes of a batch; nil where it cannot be stored.
    @inlinable func keep(_ record: Machine.Record, _ limits: CoordinatorLimits) -> Int? {
        guard let pair = try? record.encode() else { return nil }
        let size = pair.key.count + (pair.value?.count ?? 0)
        guard size <= limits.record else { return nil }
        records.append(pair)
        return size + CoordinatorLimits.recordOverhead
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
        guard var batch = untaken.popFirst() else { preconditionFailure("there is something to append") }
        while let next = untaken.first, next.byteCount <= size - batch.byteCount {
            _ = untaken.popFirst()
            batch.version = next.version
            batch.add(recordCount: next.recordCount, byteCount: next.byteCount)
        }
        underWay.append(batch.version)
        guard batch.recordCount < records.count else {
            defer { records.removeAll() }
            return (batch.version, records)
        }
        defer { records.removeFirst(batch.recordCount) }
        return (batch.version, Array(records.prefix(batch.recordCount)))
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
