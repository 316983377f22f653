import Files
import LogStorage
public import Runtime

/// Runs the disk work of one shard's logs: at the end of a tick one write per log that staged something, then one sync
/// round per directory that asks for it (architecture: tick, then act).
///
/// A directory is in one of three states: *idle*; *syncing*, when one round is on its way and what else becomes dirty
/// waits for the next; *failed*, from the first write or sync error that is not for want of room, for good.
public final class DiskScheduler {
    private let shard: Shard
    private var directories: [DirectoryState] = []
    /// With more than this staged it is written before the tick ends, while the processor's cache still has it.
    private static let earlyWriteBytes = 256 << 10

    private var staged: [any DiskClient] = []
    private var stagedBytes = 0
    private var outcomes: Mailbox<SyncOutcome>?
    private var nextRound: UInt64 = 0

    /// Counts for the metrics: writes, bytes, sync rounds, and the nanoseconds they took.
    public private(set) var statistics = DiskStatistics()

    public init(shard: Shard, syncThreads: [SyncThread]) {
        self.shard = shard
        directories = syncThreads.map { DirectoryState(syncThread: $0.mailbox) }
        outcomes = shard.makeMailbox(of: SyncOutcome.self) { [unowned self] in finished($0) }
    }

    public func isFailed(_ directory: Int) -> Bool { directories[directory].failure != nil }

    /// Nothing is staged, and no sync is under way or waits.
    public var isIdle: Bool { staged.isEmpty && directories.allSatisfy { $0.syncing == nil && $0.waiting.isEmpty } }

    /// Has the client's staged batches written at the end of this tick, or at once where much is staged.
    ///
    /// - Parameters:
    ///   - bytes: the size of the batch that was staged now.
    ///   - isFirst: whether the client has heard of the end of all its earlier writes.
    public func stage(_ client: any DiskClient, bytes: Int, isFirst: Bool) {
        if isFirst { staged.append(client) }
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
        for client in clients { write(client) }
    }

    private func write(_ client: any DiskClient) {
        let log = client.log
        do throws(FileError) {
            while let write = try log.takeWrite() {
                try write.perform()
                log.writeCompleted(now: shard.wallClockMs)
                statistics.writes += 1
                statistics.bytesWritten += write.byteCount
            }
        } catch {
            if log.writeFailed(error).isFenced {
                fail(client.directory, error, client: client)
            } else {
                client.diskFull()
            }
            return
        }
        directories[client.directory].waiting.append(client)
        client.diskWritten()
    }

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
        guard !clients.isEmpty, let outcomes else { return }
        nextRound += 1
        directories[index].syncing = SyncRound(number: nextRound, clients: clients)
        directories[index].syncThread.post(SyncRequest(round: nextRound, syncs: clients.map(\.sync), reply: outcomes))
    }

    private func finished(_ outcome: SyncOutcome) {
        guard let round = directories[outcome.directory].syncing, round.number == outcome.round else {
            preconditionFailure("a sync round ends once")
        }
        directories[outcome.directory].syncing = nil
        statistics.syncRounds += 1
        statistics.syncNanoseconds += outcome.duration.nanoseconds
        if let error = outcome.error {
            for (client, _) in round.clients {
                client.log.syncFailed(error)
                fail(outcome.directory, error, client: client)
            }
        } else {
            for (client, sync) in round.clients {
                client.log.syncCompleted(sync)
                client.diskSynced()
            }
        }
    }

    private func fail(_ directory: Int, _ error: FileError, client: any DiskClient) {
        directories[directory].failure = error
        client.diskFailed(error)
    }
}

private struct DirectoryState {
    let syncThread: Mailbox<SyncRequest>
    var waiting: [any DiskClient] = []
    var syncing: SyncRound?
    var failure: FileError?
}

private struct SyncRound {
    var number: UInt64
    var clients: [(client: any DiskClient, sync: LogSync)]
}

/// What the scheduler did since the process started.
public struct DiskStatistics: Sendable {
    public var writes = 0
    public var bytesWritten = 0
    public var syncRounds = 0
    public var syncNanoseconds: Int64 = 0
}
