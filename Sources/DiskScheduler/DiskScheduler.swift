import Bytes
import Files
import LogStorage
public import Metrics
public import Runtime

/// Runs the disk work of one shard's logs: at the end of a tick one write per log that staged something, then one sync
/// round per directory that asks for it (architecture: tick, then act).
///
/// For syncs a directory is in one of three states: *idle*; *syncing*, when one round is on its way and what else becomes
/// dirty waits for the next; *failed*, from the first write or sync error that does not pass by itself, for good. For
/// writes it is *quick*, when the shard makes them itself, or *slow*, from a write that blocked the shard for too long
/// until the pool has made all that are left and the last of them was quick.
public final class DiskScheduler {
    /// A write that takes longer makes its directory slow.
    static let longestWrite = Interval.milliseconds(5)
    /// With more than this staged it is written before the tick ends, while the processor's cache still has it.
    private static let earlyWriteBytes = 256 << 10

    let shard: Shard
    let pool: BlockingPool
    var directories: [DirectoryState] = []
    private var staged: [any DiskClient] = []
    private var stagedBytes = 0
    private var outcomes: Mailbox<SyncOutcome>?
    private var nextRound: UInt64 = 0
    private var retiring: [Retirement] = []
    private var closing: Closing?
    /// Bytes of batches that outlived their tick, which count against the shard's memory until they are written.
    var keptBytes: [ObjectIdentifier: Int] = [:]

    /// Counts for the metrics: writes, bytes, and the times of the sync rounds.
    public internal(set) var statistics = DiskStatistics()

    public init(shard: Shard, pool: BlockingPool, syncThreads: [SyncThread]) {
        self.shard = shard
        self.pool = pool
        directories = syncThreads.map { DirectoryState(syncThread: $0.mailbox) }
        outcomes = shard.makeMailbox(of: SyncOutcome.self) { [unowned self] in finished($0) }
    }

    public func isFailed(_ directory: Int) -> Bool { directories[directory].failure != nil }

    /// Nothing is staged, and no write or sync is under way or waits.
    public var isIdle: Bool {
        staged.isEmpty
            && directories.allSatisfy { $0.syncing == nil && $0.waiting.isEmpty && $0.poolWrites.isEmpty }
    }

    // MARK: Writing

    /// Has the client's staged batches written at the end of this tick, or at once where much is staged.
    ///
    /// - Parameter bytes: the size of the batch that was staged now.
    public func stage(_ client: any DiskClient, bytes: Int) {
        if !client.isStaged {
            client.isStaged = true
            staged.append(client)
        }
        stagedBytes += bytes
        if stagedBytes >= DiskScheduler.earlyWriteBytes { writeStaged() } else { shard.requestTick() }
    }

    /// Has the client's log asked again whether a sync is due.
    public func requestSync(_ client: any DiskClient) {
        directories[client.directory].waiting.append(client)
        shard.requestTick()
    }

    /// Writes what was staged and starts the sync rounds. To be run once per tick, before the sockets are flushed.
    public func endOfTick() {
        writeStaged()
        for index in directories.indices where !directories[index].waiting.isEmpty { startRound(index) }
    }

    private func writeStaged() {
        guard !staged.isEmpty else { return }
        let clients = staged
        staged.removeAll(keepingCapacity: true)
        stagedBytes = 0
        for client in clients {
            client.isStaged = false
            write(client)
        }
    }

    /// Makes the client's writes here, or has the pool make them.
    func write(_ client: any DiskClient) {
        do {
            while client.log.hasStagedWrites {
                if directories[client.directory].isSlow { return try writeOnPool(client) }
                try writeHere(client)
            }
            // Staged behind a write that the pool has not made yet.
            keepStaged(client)
        } catch {
            writeFailed(client, error)
        }
    }

    private func writeHere(_ client: any DiskClient) throws(FileError) {
        let start = MonotonicTime.current()
        if client.keepsWrites {
            guard let write = try client.log.takeOwnedWrite() else { return }
            try write.perform()
            written(client, write.offsets, write.byteCount, in: write.buffers)
        } else {
            guard let write = try client.log.takeWrite() else { return }
            try write.perform()
            written(client, write.offsets, write.byteCount, in: nil)
        }
        if MonotonicTime.current() - start > DiskScheduler.longestWrite { directories[client.directory].isSlow = true }
    }

    func written(_ client: any DiskClient, _ offsets: Range<Int64>, _ bytes: Int, in buffers: [Buffer]?) {
        client.log.writeCompleted(now: shard.wallClockMs)
        statistics.writes += 1
        statistics.bytesWritten += bytes
        guard !client.log.isRetired else { return }
        directories[client.directory].waiting.append(client)
        client.diskWritten(offsets, in: buffers)
    }

    func writeFailed(_ client: any DiskClient, _ error: FileError) {
        let isFenced = client.log.writeFailed(error).isFenced
        accountForKept(client)
        if client.log.isRetired { return }
        if isFenced { fail(client.directory, error, client: client) } else { client.diskFull(error) }
    }

    private func fail(_ directory: Int, _ error: FileError, client: any DiskClient) {
        if directories[directory].failure == nil {
            directories[directory].failure = error
            directories[directory].syncThread.post(.failed(error))
        }
        if !client.log.isRetired { client.diskFailed(error) }
    }

    // MARK: Syncing

    private func startRound(_ index: Int) {
        guard directories[index].syncing == nil else { return }
        if let failure = directories[index].failure {
            let clients = directories[index].waiting
            directories[index].waiting.removeAll()
            for client in clients { client.diskFailed(failure) }
            return
        }
        let now = shard.wallClockMs
        var clients: [(client: any DiskClient, sync: LogSync)] = []
        for client in directories[index].waiting {
            guard let sync = client.log.takeSync(now: now) else { continue }
            clients.append((client, sync))
        }
        directories[index].waiting.removeAll(keepingCapacity: true)
        if !clients.isEmpty { startRound(index, clients) }
    }

    private func startRound(_ index: Int, _ clients: [(client: any DiskClient, sync: LogSync)]) {
        guard let outcomes else { return }
        nextRound += 1
        directories[index].syncing = SyncRound(number: nextRound, clients: clients)
        directories[index].syncThread.post(
            .sync(SyncRequest(round: nextRound, syncs: clients.map(\.sync), reply: outcomes)))
    }

    private func finished(_ outcome: SyncOutcome) {
        guard let round = directories[outcome.directory].syncing, round.number == outcome.round else {
            preconditionFailure("a sync round ends once")
        }
        directories[outcome.directory].syncing = nil
        statistics.syncTimes.record(nanoseconds: outcome.duration.nanoseconds)
        switch outcome.result {
        case .success(let remainders):
            for ((client, sync), remainder) in zip(round.clients, remainders) {
                client.log.syncCompleted(sync, leaving: remainder)
                if remainder != .none { closing?.isWhole = false }
                if !client.log.isRetired { client.diskSynced() }
            }
        case .failure(let error):
            closing?.isWhole = false
            for (client, _) in round.clients {
                client.log.syncFailed(error)
                fail(outcome.directory, error, client: client)
            }
        }
        settle()
        endClosingIfDone()
    }

    // MARK: Closing

    /// Makes the logs durable for a clean stop, by a last round of each directory: the sync thread knows what has failed
    /// there, whichever shard met it. Only while the scheduler is idle, and nothing is asked of it afterwards.
    ///
    /// - Parameter then: hears whether all that the logs have is on the disk.
    public func close(_ clients: [any DiskClient], then: @escaping (Bool) -> Void) {
        precondition(isIdle, "logs are closed when nothing of theirs is under way")
        closing = Closing(then: then)
        for index in directories.indices {
            let syncs = clients.filter { $0.directory == index }.compactMap { client in
                client.log.close().map { (client: client, sync: $0) }
            }
            if !syncs.isEmpty { startRound(index, syncs) }
        }
        endClosingIfDone()
    }

    private func endClosingIfDone() {
        guard directories.allSatisfy({ $0.syncing == nil }), let ended = closing.take() else { return }
        ended.then(ended.isWhole)
    }

    // MARK: Retiring

    /// Forgets clients that are closed, and runs `then` when nothing of theirs is under way: from then on their files are
    /// not touched any more.
    public func retire(_ clients: [any DiskClient], then: @escaping () -> Void) {
        let gone = Set(clients.map { ObjectIdentifier($0) })
        staged.removeAll { gone.contains(ObjectIdentifier($0)) }
        for index in directories.indices {
            directories[index].waiting.removeAll { gone.contains(ObjectIdentifier($0)) }
        }
        for client in clients {
            client.log.retire()
            accountForKept(client)
        }
        retiring.append(Retirement(clients: gone, then: then))
        settle()
    }

    /// Lets those go of whom nothing is under way any more.
    func settle() {
        guard !retiring.isEmpty else { return }
        var busy: Set<ObjectIdentifier> = []
        for directory in directories {
            busy.formUnion(directory.poolWrites)
            for (client, _) in directory.syncing?.clients ?? [] { busy.insert(ObjectIdentifier(client)) }
        }
        let done = retiring.filter { $0.clients.isDisjoint(with: busy) }
        retiring.removeAll { $0.clients.isDisjoint(with: busy) }
        for retirement in done { retirement.then() }
    }
}

struct DirectoryState {
    let syncThread: Mailbox<SyncMessage>
    var waiting: [any DiskClient] = []
    var syncing: SyncRound?
    var failure: FileError?
    var isSlow = false
    /// The clients with a write on the pool.
    var poolWrites: Set<ObjectIdentifier> = []
}

struct SyncRound {
    var number: UInt64
    var clients: [(client: any DiskClient, sync: LogSync)]
}

private struct Closing {
    var isWhole = true
    let then: (Bool) -> Void
}

private struct Retirement {
    let clients: Set<ObjectIdentifier>
    let then: () -> Void
}

/// What the scheduler did since the process started.
public struct DiskStatistics: Sendable {
    public var writes = 0
    /// Those of them that the pool made, because the disk was slow.
    public var poolWrites = 0
    public var bytesWritten = 0
    /// How long each sync round took on the disk.
    public var syncTimes = LatencyHistogram()
}
