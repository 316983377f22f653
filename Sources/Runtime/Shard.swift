import Bytes
import CSystem
import Glibc

/// Sizes of a shard.
public struct ShardOptions: Sendable {
    /// Memory into which whole small frames are read, used anew in every tick.
    public var scratchBytes = 4 << 20
    /// Buffers for large frames that are kept for reuse.
    public var keptInputBytes = 64 << 20
    /// What the connections of this and other shards may own together.
    public var memory = MemoryBudget(limit: 512 << 20)

    public init() {}
}

/// Something that whoever runs the shard may want to log.
public enum ShardEvent: Sendable {
    /// No descriptors are left: the listener takes no connection until one is closed, or a moment has passed.
    case acceptingPaused(SocketAddress, SystemError)
    case acceptingResumed(SocketAddress)
    /// One connection could not be taken, others can.
    case acceptFailed(SocketAddress, SystemError)
}

/// One thread with an event loop, and everything that lives on it.
///
/// A tick is: wait for events; handle all input (sockets, mailboxes, deadlines, what was put off); run the end-of-tick
/// participants; put output on the sockets; let go of closed connections. A shard is not Sendable: who is not on its
/// thread cannot have it, and posts to its mailboxes instead.
public final class Shard {
    public let name: String
    public let options: ShardOptions
    /// The time at the start of this tick.
    public private(set) var now: MonotonicTime
    public internal(set) var statistics = ShardStatistics()
    /// Gets what happens to the shard itself.
    public var onEvent: ((ShardEvent) -> Void)?

    let waker: ShardWaker
    let poll: EventPoll
    var slots = SlotTable()
    private let origin: MonotonicTime
    private var wheel = DeadlineWheel()
    private var wallClock: Int64?
    private var isTickRequested = false
    private var isStopping = false

    var mailboxes: [MailboxReceiver] = []
    private var participants: [() -> Void] = []
    private var soon: [() -> Void] = []
    var nextJob: UInt64 = 0
    var waitingJobs: [UInt64: () -> Void] = [:]
    private(set) lazy var jobCompletions: Mailbox<UInt64> = makeMailbox(capacity: .max) { [unowned self] token in
        waitingJobs.removeValue(forKey: token)?()
    }

    // Connections
    var nextConnection: UInt64 = 0
    var connections: [ConnectionID: Connection] = [:]
    var listeners: [Listener] = []
    /// Connections with output or another interest, settled at the end of the tick.
    var dirty: [Connection] = []
    /// Connections whose input goes on in the next tick without an event.
    var resumed: [Connection] = []
    var closing: [Connection] = []
    var draining: Drain?
    var hasDrained = false

    // Memory
    var memory: MemoryBudget { options.memory }

    /// Counts bytes that are kept for peers outside their connections against the memory budget; negative when they are
    /// let go.
    public func chargeMemory(_ bytes: Int) { memory.charge(bytes) }

    var scratch: Scratch
    var inputBuffers: InputBufferPool
    /// Input buffers whose frames are valid until the tick ends.
    private var retired: [InputBuffer] = []
    private var keptTimer: DeadlineToken?
    private static let keptBufferInterval = Interval.seconds(2)
    private(set) var outputBuffers: [OutputBuffer] = []
    private(set) var discarded: OutputBuffer?
    /// Connections that are not read from because the budget is used up.
    var starved: [Connection] = []
    var starvationTimer: DeadlineToken?
    var overdraft: ConnectionID?
    /// Room for the vectors of one read or write.
    let pieces: UnsafeMutablePointer<iovec>

    init(name: String, options: ShardOptions, waker: ShardWaker, poll: EventPoll) {
        self.name = name
        self.options = options
        self.waker = waker
        self.poll = poll
        now = .current()
        origin = now
        scratch = Scratch(capacity: options.scratchBytes)
        inputBuffers = InputBufferPool(keeping: options.keptInputBytes)
        pieces = .allocate(capacity: 64)
    }

    // MARK: - Time

    /// Milliseconds since 1970 by the wall clock, read at most once a tick.
    public var wallClockMs: Int64 {
        if let wallClock { return wallClock }
        let time = MonotonicTime.wallClockMilliseconds()
        wallClock = time
        return time
    }

    /// Runs `action` in the input phase of the first tick after `moment`, to the millisecond. Deadlines run in order of
    /// their time; those of the same millisecond in the order in which they were set.
    @discardableResult
    public func schedule(at moment: MonotonicTime, _ action: @escaping () -> Void) -> DeadlineToken {
        let wait = (moment - origin).nanoseconds
        let due = wait / 1_000_000 + (wait % 1_000_000 > 0 ? 1 : 0)
        return wheel.schedule(at: due, action)
    }

    @discardableResult
    public func schedule(after wait: Interval, _ action: @escaping () -> Void) -> DeadlineToken {
        schedule(at: now + wait, action)
    }

    /// Takes a deadline back; one that has passed, or was taken back before, is left alone.
    public func cancel(_ token: DeadlineToken) { wheel.cancel(token) }

    // MARK: - Ticks

    /// Runs `action` at the end of every tick, after all input was handled and before output leaves. Participants run in
    /// the order in which they were added, as long as the shard does.
    public func onEndOfTick(_ action: @escaping () -> Void) { participants.append(action) }

    /// Makes sure that another tick follows this one without waiting.
    public func requestTick() { isTickRequested = true }

    /// Runs `action` in the input phase of the next tick, which follows without waiting (or in this one's, if that phase
    /// has not come to what was put off yet).
    public func perform(_ action: @escaping () -> Void) { soon.append(action) }

    /// Ends the loop after this tick. Connections are closed as they are; see `drain` for an orderly end.
    public func stop() { isStopping = true }

    func loop() {
        let wakerKey = slots.insert(.waker)
        do {
            try poll.add(waker.descriptor, events: EventPoll.input, key: wakerKey)
        } catch {
            preconditionFailure("a new poll refused the shard's own eventfd: \(error)")
        }
        while !isStopping { tick() }
        end()
    }

    private func tick() {
        let count = poll.wait(milliseconds: timeToWait)
        now = .current()
        wallClock = nil
        isTickRequested = false
        statistics.ticks += 1
        for index in 0..<count { dispatch(poll[index]) }
        runDeadlines()
        continueInput()
        runSoon()
        for participant in participants { participant() }
        settle()
        releaseClosed()
        freeTickMemory()
        statistics.busyNanoseconds &+= (MonotonicTime.current() - now).nanoseconds
    }

    /// For how many milliseconds the poll may wait.
    private var timeToWait: Int32 {
        let isBusy = isTickRequested || !soon.isEmpty || !dirty.isEmpty || !resumed.isEmpty || !closing.isEmpty
        if isBusy || isStopping { return 0 }
        guard let due = wheel.nextDue else { return -1 }
        let moment = origin + .milliseconds(due)
        // The clock of the tick is near enough for a wait that is long; a short one asks anew.
        var wait = moment - now
        if wait < .milliseconds(100) { wait = moment - .current() }
        return wait > .zero ? Int32(clamping: (wait.nanoseconds + 999_999) / 1_000_000) : 0
    }

    private func dispatch(_ event: (key: SlotKey, events: UInt32)) {
        switch slots[event.key] {
        case .connection(let connection): connection.ready(event.events)
        case .waker: wake()
        case .listener(let listener): listener.ready()
        case .attempt(let attempt): attempt.ready()
        case .signals(let watch): watch.ready()
        case .nothing: break
        }
    }

    private func wake() {
        let bits = waker.take()
        if bits & ShardWaker.stopBit != 0 { isStopping = true }
        // By index: a message may make a mailbox.
        var index = 0
        while index < mailboxes.count {
            if bits & mailboxes[index].bit != 0 { mailboxes[index].drain() }
            index += 1
        }
    }

    private func runDeadlines() {
        let elapsed = (now - origin).milliseconds
        while let action = wheel.popDue(at: elapsed) { action() }
    }

    private func continueInput() {
        guard !resumed.isEmpty else { return }
        let batch = resumed
        resumed.removeAll(keepingCapacity: true)
        for connection in batch { connection.continueInput() }
    }

    private func runSoon() {
        guard !soon.isEmpty else { return }
        let batch = soon
        soon.removeAll(keepingCapacity: true)
        for action in batch { action() }
    }

    private func settle() {
        var index = 0
        while index < dirty.count {
            dirty[index].settle()
            index += 1
        }
        dirty.removeAll(keepingCapacity: true)
        if !starved.isEmpty { feedStarved() }
    }

    private func freeTickMemory() {
        scratch.reset()
        if discarded?.isSmall == false { discarded = nil }
        guard !retired.isEmpty else { return }
        for buffer in retired { inputBuffers.give(buffer) }
        retired.removeAll(keepingCapacity: true)
        watchKeptBuffers()
    }

    /// Looks after a while whether all the buffers that are kept are needed, as long as there are any.
    private func watchKeptBuffers() {
        guard keptTimer == nil, inputBuffers.keptBytes > 0 else { return }
        keptTimer = schedule(after: Shard.keptBufferInterval) { [unowned self] in
            keptTimer = nil
            inputBuffers.releaseUnused()
            watchKeptBuffers()
        }
    }

    private func end() {
        settle()
        for mailbox in mailboxes { mailbox.close() }
        for listener in listeners { listener.close() }
        for target in slots.targets {
            switch target {
            case .connection(let connection): connection.shut(.shardEnded)
            case .attempt(let attempt): attempt.cancel()
            case .signals(let watch): watch.close()
            case .listener, .waker, .nothing: break
            }
        }
        while !closing.isEmpty { releaseClosed() }
        freeTickMemory()
        inputBuffers.removeAll()
        scratch.deallocate()
        pieces.deallocate()
        poll.close()
        // Closures hold the objects of the shard, and these the shard.
        wheel.removeAll()
        (mailboxes, participants, soon, waitingJobs, onEvent) = ([], [], [], [:], nil)
        (dirty, resumed, starved, draining) = ([], [], [], nil)
    }

    // MARK: - Memory of a tick

    /// Gives an input buffer back when the tick ends.
    func retire(_ buffer: InputBuffer) { retired.append(buffer) }

    func takeOutputBuffer() -> OutputBuffer { outputBuffers.popLast() ?? OutputBuffer() }

    func giveOutputBuffer(_ buffer: OutputBuffer) {
        if buffer.isSmall, outputBuffers.count < 64 { outputBuffers.append(buffer) }
    }

    /// A buffer for output that nobody will get.
    func discardedOutput() -> OutputBuffer {
        let buffer = discarded ?? OutputBuffer()
        discarded = buffer
        buffer.writer.truncate(to: 0)
        return buffer
    }
}
