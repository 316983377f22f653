public import Bytes

/// The moment at which something happens.
public struct CoordinatorTime: Sendable, Hashable {
    /// Milliseconds of a clock that never goes back: what deadlines are measured by.
    public var clock: Int64
    /// Milliseconds since 1970: what is stored.
    public var wall: Int64

    public init(clock: Int64, wall: Int64) {
        self.clock = clock
        self.wall = wall
    }
}

/// Whom to answer: opaque to the coordinator, which only carries it.
public struct ReplyToken: Sendable, Hashable {
    public let number: UInt64
    @inlinable public init(_ number: UInt64) { self.number = number }
}

/// Something that a coordinator keeps in its log: the newest record of a key counts, and one without a value ends the key.
public protocol CoordinatorRecord: Sendable {
    /// The record as it stands in the log; nil for the value deletes the key.
    func encode() throws(EncodeError) -> (key: [UInt8], value: [UInt8]?)
    /// nil where the type of the record is not one of this coordinator's, which a newer version may have written.
    static func decode(key: ByteCursor, value: ByteCursor?) throws(DecodeError) -> Self?
}

/// The state of one partition of a coordinator's topic, and what may be done to it.
///
/// A command makes *soft* state (who waits for what, who was heard of when) and *records*. What the records say is the
/// *hard* state: `apply` makes it, the same at a restart as when they are decided. Hard state is kept so that it can be taken
/// back to an earlier `StateVersion`, since it is decided on before its records are in the log.
public protocol CoordinatorMachine {
    associatedtype Command
    associatedtype Reply
    associatedtype Record: CoordinatorRecord
    /// Names a deadline; setting one again moves it.
    associatedtype Timer: Hashable
    /// Names a write whose end the machine wants to know.
    associatedtype Note

    /// Decides on a command. Whoever asked is answered now or by a later call, once.
    mutating func handle(_ command: Command, from token: ReplyToken, _ effects: inout Effects<Self>)
    /// A deadline has passed.
    mutating func expired(_ timer: Timer, _ effects: inout Effects<Self>)
    /// The write that was noted is committed; or it failed, for a reason that is given, and the hard state is as it was
    /// before it.
    mutating func ended(_ note: Note, failure: CoordinatorFailure?, _ effects: inout Effects<Self>)

    /// Takes up a record.
    mutating func apply(_ record: Record, in version: StateVersion)
    /// All records of the log have been applied: starts what runs by the clock.
    mutating func loaded(_ effects: inout Effects<Self>)

    /// What was applied up to this version is in the log for good.
    mutating func commit(upTo version: StateVersion)
    /// What was applied after this version is not in the log, and never was.
    mutating func revert(to version: StateVersion)
    /// Answers those who waited, in soft state, for what was taken back just now.
    mutating func reverted(because failure: CoordinatorFailure, _ effects: inout Effects<Self>)
}

/// Counts the decisions of a coordinator that have records; a batch is named by the last of its decisions. What is loaded has
/// version 0.
public struct StateVersion: Sendable, Hashable, Comparable {
    public let number: UInt64

    public static let loaded = StateVersion(number: 0)

    @inlinable init(number: UInt64) { self.number = number }

    @inlinable var next: StateVersion { StateVersion(number: number + 1) }
    @inlinable var previous: StateVersion { StateVersion(number: number - 1) }

    @inlinable public static func < (left: StateVersion, right: StateVersion) -> Bool { left.number < right.number }
}

/// What a decision leads to.
public struct Effects<Machine: CoordinatorMachine> {
    public let now: CoordinatorTime
    /// The version that the records of this decision will have.
    @inlinable public var version: StateVersion { current }
    @usableFromInline let ids: () -> UUID
    @usableFromInline let deadline: (Machine.Timer) -> Int64?

    @usableFromInline var current: StateVersion
    @usableFromInline var records: [Machine.Record] = []
    /// How many of the records had been written each time that `separate` began another decision.
    @usableFromInline var separations: [Int] = []
    @usableFromInline var replies: [(token: ReplyToken, reply: Machine.Reply)] = []
    @usableFromInline var notes: [Machine.Note] = []
    @usableFromInline var timers: [(timer: Machine.Timer, deadline: Int64?)] = []

    @inlinable init(
        now: CoordinatorTime, version: StateVersion, ids: @escaping () -> UUID,
        deadline: @escaping (Machine.Timer) -> Int64?
    ) {
        self.now = now
        current = version
        self.ids = ids
        self.deadline = deadline
    }

    /// Writes a record. The machine applies it itself.
    @inlinable public mutating func write(_ record: Machine.Record) { records.append(record) }

    /// Begins a decision of its own, with the next version: the log may have what was written so far without what comes.
    /// For what may be more than a batch takes, and is right in any part.
    @inlinable public mutating func separate() {
        guard records.count > separations.last ?? 0 else { return }
        separations.append(records.count)
        current = current.next
    }

    /// Answers when everything that was written so far is committed; whoever asked is told of a failure instead if it is
    /// not.
    @inlinable public mutating func reply(_ token: ReplyToken, _ reply: Machine.Reply) {
        replies.append((token, reply))
    }

    /// Has the machine told when everything that was written so far is committed, or has failed.
    @inlinable public mutating func note(_ note: Machine.Note) { notes.append(note) }

    /// - Parameter wait: milliseconds.
    @inlinable public mutating func schedule(_ timer: Machine.Timer, after wait: Int64) {
        let (deadline, overflow) = now.clock.addingReportingOverflow(max(wait, 0))
        timers.append((timer, overflow ? .max : deadline))
    }

    @inlinable public mutating func cancel(_ timer: Machine.Timer) { timers.append((timer, nil)) }

    /// When a deadline passes, by `CoordinatorTime.clock`, as it was before this decision; nil where it is not set.
    @inlinable public func deadline(of timer: Machine.Timer) -> Int64? { deadline(timer) }

    /// An id that nothing else has.
    @inlinable public func makeID() -> UUID { ids() }
}
