import KafkaProtocol
import LogStorage
import Replication
import Runtime

/// One fetch request from its arrival to its answer.
///
/// States: *reading*, while partitions of other shards or a cold disk are waited for; *parked*, when there is less to say
/// than the client asked for and its time has not passed; *answered*. From parked it goes back to reading when enough
/// bytes have arrived or time is up, and then answers whatever it finds.
final class FetchOperation {
    enum State { case reading, parked, answered }

    let session: ClientSession
    let reply: Reply
    let context: FetchContext
    let options: FetchOptions
    let limits: FetchLimits
    /// The session id that the answer carries.
    let sessionID: Int32
    /// Whether every partition is answered, or only those with news.
    let isFull: Bool

    private(set) var state = State.reading {
        didSet {
            if oldValue == .parked { shard.parkedFetches -= 1 }
            if state == .parked { shard.parkedFetches += 1 }
        }
    }
    private var reads: [PartitionRead] = []
    private var outstanding = 0
    private var deadline: DeadlineToken?
    private var isTimeUp = false
    private var wantedBytes = 0
    private var isQueued = false

    init(
        session: ClientSession, reply: Reply, context: FetchContext, options: FetchOptions, limits: FetchLimits,
        sessionID: Int32, isFull: Bool
    ) {
        self.session = session
        self.reply = reply
        self.context = context
        self.options = options
        self.limits = limits
        self.sessionID = sessionID
        self.isFull = isFull
    }

    var shard: BrokerShard { session.shard }

    func start() {
        session.beginBusy()
        session.cancelBusy = { [self] in cancel() }
        read()
    }

    // MARK: Reading

    private func read() {
        if state == .parked { session.meter?.run() }
        state = .reading
        let candidates = isFull ? context.inRequestOrder : context.takeDirty()
        reads = candidates.map { PartitionRead($0) }
        var budget = limits.maximumBytes
        var hasRecords = false
        outstanding = 1
        for place in reads.indices {
            readOne(place, budget: budget, atLeastOneBatch: !hasRecords)
            let bytes = reads[place].fetched?.byteCount ?? 0
            budget = max(budget - bytes, 0)
            if bytes > 0 { hasRecords = true }
        }
        outstanding -= 1
        if outstanding == 0 { finishReading() }
    }

    private func readOne(_ place: Int, budget: Int, atLeastOneBatch: Bool) {
        let target = reads[place].interest.target
        switch shard.locate(target.key) {
        case .unknown(let error):
            reads[place].fetched = FetchedPartition(unread: error)
        case .here(let partition):
            reads[place].source = partition
            outstanding += 1
            // Also without room left: the marks and errors of the partition are due all the same.
            partition.fetch(target, options, budget: budget, atLeastOneBatch: atLeastOneBatch) { [self] in
                readEnded(place, $0)
            }
        case .elsewhere(let owner, let topicID):
            outstanding += 1
            shard.fetchElsewhere(owner, topicID, target, options, budget: budget) { [self] in readEnded(place, $0) }
        }
    }

    private func readEnded(_ place: Int, _ fetched: FetchedPartition) {
        guard state == .reading else { return }
        reads[place].fetched = fetched
        outstanding -= 1
        if outstanding == 0 { finishReading() }
    }

    private func finishReading() {
        guard !session.isClosed else { return cancel() }
        trim()
        let bytes = reads.reduce(0) { $0 + ($1.fetched?.byteCount ?? 0) }
        let speaksNow = reads.contains { $0.mustSpeakNow }
        if isTimeUp || speaksNow || bytes >= limits.minimumBytes || limits.maximumWait <= .zero
            || reads.isEmpty && isFull
        {
            answer()
        } else {
            park(missing: limits.minimumBytes - bytes)
        }
    }

    /// Partitions read at the same time by several shards may be too many together: what does not fit is left out, but
    /// for one batch.
    private func trim() {
        var budget = limits.maximumBytes
        var hasRecords = false
        for place in reads.indices {
            guard let bytes = reads[place].fetched?.byteCount, bytes > 0 else { continue }
            if hasRecords, bytes > budget {
                reads[place].fetched?.records = nil
                reads[place].fetched?.wasLeftOut = true
            } else {
                hasRecords = true
                budget = max(budget - bytes, 0)
            }
        }
    }

    // MARK: Waiting

    private func park(missing: Int) {
        state = .parked
        session.meter?.rest()
        wantedBytes = missing
        context.parked = self
        var hasMissedSomething = false
        for read in reads {
            let isUpToDate = read.fetched.map { follow(read, seen: $0) } ?? true
            if !isUpToDate { hasMissedSomething = true }
            if !isUpToDate || read.hasNews || read.wasLeftOut { context.markDirty(read.interest) }
        }
        reads.removeAll()
        if deadline == nil {
            deadline = shard.loop.schedule(after: limits.maximumWait) { [weak self] in self?.timeIsUp() }
        }
        if hasMissedSomething { wake() }
    }

    /// Has the interest told of what comes after `fetched`. False if something has come already, or the partition is gone.
    private func follow(_ read: PartitionRead, seen fetched: FetchedPartition) -> Bool {
        if let source = read.source {
            read.interest.subscribe(to: source.partition)
            return !source.partition.isClosed && source.partition.highWatermark == fetched.highWatermark
        }
        return fetched.error != .none || shard.watchElsewhere(read.interest, seen: fetched)
    }

    /// A subscribed partition has `bytes` more to read.
    func arrived(bytes: Int) {
        guard state == .parked else { return }
        wantedBytes = wantedBytes > bytes ? wantedBytes - bytes : 0
        if wantedBytes == 0 { wake() }
    }

    private func wake() {
        guard !isQueued else { return }
        isQueued = true
        shard.runAtEndOfTick { [self] in
            isQueued = false
            if state == .parked { read() }
        }
    }

    private func timeIsUp() {
        deadline = nil
        isTimeUp = true
        if state == .parked { read() }
    }

    // MARK: The end

    private func answer() {
        if session.meter != nil, options.replicaID < 0 {
            let throttleMs = session.throttleFetch(bytes: reads.reduce(0) { $0 + ($1.fetched?.byteCount ?? 0) })
            if throttleMs > 0 { return answerThrottled(throttleMs) }
        }
        let told = isFull ? reads : reads.filter(\.hasNews)
        FetchAnswer(reply: reply, sessionID: sessionID, reads: told).write(to: session)
        session.count(told)
        // Who got nothing for want of room comes first in the next answer.
        for read in reads where read.wasLeftOut && context.id != 0 { context.markDirty(read.interest) }
        for read in reads {
            guard let fetched = read.fetched else { continue }
            read.interest.toldHighWatermark = fetched.error == .none ? fetched.highWatermark : -1
            read.interest.toldLogStartOffset = fetched.logStartOffset
            guard context.id != 0 else { continue }
            let isUpToDate = follow(read, seen: fetched)
            if !isUpToDate || fetched.error != .none || fetched.byteCount > 0 { context.markDirty(read.interest) }
        }
        end()
        session.finishBusy()
    }

    /// Over the quota: nothing is told now, and all of it is still to be told. A session that the request would have opened
    /// is not; its client asks for one again.
    private func answerThrottled(_ throttleMs: Int32) {
        FetchAnswer(reply: reply, sessionID: isFull ? 0 : sessionID, throttleMs: throttleMs, reads: [])
            .write(to: session)
        session.count([])
        for read in reads where !isFull { context.markDirty(read.interest) }
        if isFull { shard.fetchSessions.remove(context.id) }
        end()
        session.finishBusy()
    }

    private func cancel() { end() }

    private func end() {
        state = .answered
        if let deadline { shard.loop.cancel(deadline) }
        deadline = nil
        if context.parked === self { context.parked = nil }
        if context.id == 0 { context.close() }
        reads.removeAll()
    }
}

/// How much and how long a fetch waits.
struct FetchLimits {
    var minimumBytes: Int
    var maximumBytes: Int
    var maximumWait: Interval
}

/// One partition of a running fetch.
struct PartitionRead {
    let interest: FetchInterest
    /// The partition's own object, where this shard has it.
    var source: LocalPartition?
    var fetched: FetchedPartition?

    init(_ interest: FetchInterest) { self.interest = interest }

    var wasLeftOut: Bool { fetched?.wasLeftOut ?? false }

    /// An error or a divergence is not waited with.
    var mustSpeakNow: Bool {
        guard let fetched else { return false }
        return fetched.error != .none || fetched.divergingEpoch != nil
    }

    /// Whether an incremental answer carries the partition.
    var hasNews: Bool {
        guard let fetched else { return false }
        return mustSpeakNow || fetched.records != nil || fetched.highWatermark != interest.toldHighWatermark
            || fetched.logStartOffset != interest.toldLogStartOffset
    }
}
