public import Files
public import LogStorage
public import Runtime

/// What a sync thread is told.
enum SyncMessage: Sendable {
    case sync(SyncRequest)
    /// A shard could not write: nothing that is asked for from now on may count as durable.
    case failed(FileError)
}

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
    let mailbox: Mailbox<SyncMessage>
    private let handle: ShardHandle

    /// Starts the thread for the directory with this index.
    ///
    /// - Parameter volume: holds the directory, and was opened before anything was written.
    public init(directory index: Int, on volume: any Volume) throws(SystemError) {
        let made = try Rendezvous<Mailbox<SyncMessage>>()
        handle = try Shard.start(name: "sync-\(index)") { loop in
            let rounds = SyncLoop(loop, directory: index, on: volume)
            made.put(loop.makeMailbox(of: SyncMessage.self) { rounds.receive($0) })
        }
        mailbox = made.wait()
    }

    /// Ends the thread when its round is done.
    public func stop() {
        handle.stop()
        handle.join()
    }
}

/// The loop of one sync thread.
private final class SyncLoop {
    private var waiting: [SyncRequest] = []
    private var rounds: SyncRounds
    private let index: Int

    init(_ loop: Shard, directory index: Int, on volume: any Volume) {
        self.index = index
        rounds = SyncRounds(on: volume)
        // The shard keeps its participants, and they keep this.
        loop.onEndOfTick { self.run() }
    }

    func receive(_ message: SyncMessage) {
        switch message {
        case .sync(let request): waiting.append(request)
        case .failed(let error): rounds.fail(error)
        }
    }

    private func run() {
        guard !waiting.isEmpty else { return }
        let round = waiting
        waiting.removeAll(keepingCapacity: true)
        let start = MonotonicTime.current()
        let result = rounds.perform(round.flatMap(\.syncs))
        let duration = MonotonicTime.current() - start
        var first = 0
        for request in round {
            let own = result.map { Array($0[first..<first + request.syncs.count]) }
            first += request.syncs.count
            request.reply.post(SyncOutcome(round: request.round, directory: index, result: own, duration: duration))
        }
    }
}
