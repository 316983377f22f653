import Glibc
import Synchronization

/// A shard as other threads see it.
public final class ShardHandle: Sendable {
    private let waker: ShardWaker
    private let thread: Mutex<SystemThread?>

    init(waker: ShardWaker, thread: SystemThread) {
        self.waker = waker
        self.thread = Mutex(thread)
    }

    /// Asks the shard to end after its current tick; returns at once.
    public func stop() { waker.signal(ShardWaker.stopBit) }

    /// Blocks until the shard's thread has ended. Only the first call waits.
    public func join() {
        let thread = thread.withLock { (thread) -> SystemThread? in
            defer { thread = nil }
            return thread
        }
        thread?.join()
    }
}

extension Shard {
    /// Starts a thread with a shard. `body` runs on it first and builds what lives there; then the loop runs until it is
    /// stopped.
    public static func start(
        name: String, options: ShardOptions = ShardOptions(), body: @escaping @Sendable (Shard) -> Void
    ) throws(SystemError) -> ShardHandle {
        let waker = try ShardWaker()
        let outcome = try Rendezvous<SystemError?>()
        let thread = try SystemThread.start(name: name) {
            do throws(SystemError) {
                let poll = try EventPoll()
                outcome.put(nil)
                Shard.runLoop(Shard(name: name, options: options, waker: waker, poll: poll), body)
            } catch {
                outcome.put(error)
            }
        }
        if let error = outcome.wait() {
            thread.join()
            throw error
        }
        return ShardHandle(waker: waker, thread: thread)
    }

    /// Runs a shard on the calling thread until it is stopped: for command-line programs and tests.
    public static func run(
        name: String = "main", options: ShardOptions = ShardOptions(), body: (Shard) -> Void
    ) throws(SystemError) {
        let waker = try ShardWaker()
        runLoop(Shard(name: name, options: options, waker: waker, poll: try EventPoll()), body)
    }

    private static func runLoop(_ shard: Shard, _ body: (Shard) -> Void) {
        body(shard)
        shard.loop()
    }
}
