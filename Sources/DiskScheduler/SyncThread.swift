public import Files
public import LogStorage
public import Runtime

/// Syncs that one shard asks for, to be done in one round.
public struct SyncRequest: Sendable {
    /// The shard's own number for this round.
    public var round: UInt64
    public var syncs: [LogSync]
    /// Where the outcome goes.
    public var reply: Mailbox<SyncOutcome>
}

/// What became of a `SyncRequest`.
public struct SyncOutcome: Sendable {
    public var round: UInt64
    public var directory: Int
    /// Everything in the round is durable, but for what each sync had to leave undone.
    public var result: Result<[SyncRemainder], FileError>
    /// How long the round took on the disk.
    public var duration: Interval
}

/// Syncs the logs of one log directory, one round at a time: what arrives during a round joins the next (group commit).
public struct SyncThread: Sendable {
    /// More dirty files than this are synced by one `syncfs` of their file system.
    static let separateSyncs = 4

    let mailbox: Mailbox<SyncRequest>
    private let handle: ShardHandle

    /// Starts the thread for the directory with this path and index.
    public init(directory path: String, index: Int, fileSystem: any FileSystem) throws(SystemError) {
        let made = try Rendezvous<Mailbox<SyncRequest>>()
        handle = try Shard.start(name: "sync-\(index)") { loop in
            let rounds = SyncRounds(loop, path: path, index: index, fileSystem: fileSystem)
            made.put(loop.makeMailbox(of: SyncRequest.self) { rounds.waiting.append($0) })
        }
        mailbox = made.wait()
    }

    /// Ends the thread when its round is done.
    public func stop() {
        handle.stop()
        handle.join()
    }
}

/// The rounds of one sync thread.
private final class SyncRounds {
    var waiting: [SyncRequest] = []
    private let path: String
    private let index: Int
    private let fileSystem: any FileSystem

    init(_ loop: Shard, path: String, index: Int, fileSystem: any FileSystem) {
        self.path = path
        self.index = index
        self.fileSystem = fileSystem
        // The shard keeps its participants, and they keep this.
        loop.onEndOfTick { self.run() }
    }

    private func run() {
        guard !waiting.isEmpty else { return }
        let round = waiting
        waiting.removeAll(keepingCapacity: true)
        let start = MonotonicTime.current()
        let result = perform(round)
        let duration = MonotonicTime.current() - start
        var first = 0
        for request in round {
            let own = result.map { Array($0[first..<first + request.syncs.count]) }
            first += request.syncs.count
            request.reply.post(SyncOutcome(round: request.round, directory: index, result: own, duration: duration))
        }
    }

    private func perform(_ round: [SyncRequest]) -> Result<[SyncRemainder], FileError> {
        let syncs = round.flatMap(\.syncs)
        do throws(FileError) {
            var remainders: [SyncRemainder] = []
            for sync in syncs { remainders.append(try sync.prepare()) }
            if syncs.reduce(0, { $0 + $1.files.count }) > SyncThread.separateSyncs {
                try fileSystem.syncFileSystem(path)
            } else {
                for (sync, remainder) in zip(syncs, remainders) { try sync.sync(leaving: remainder) }
            }
            for sync in syncs { try sync.finish() }
            return .success(remainders)
        } catch {
            return .failure(error)
        }
    }
}
