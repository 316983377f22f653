import Collections
import Synchronization

/// Threads for what blocks: opening, recovering and syncing files, cold reads, name resolution. Threads are started when
/// there is work for them, up to a limit, and stay; they end when the pool is let go, after the jobs it had accepted.
public final class BlockingPool: Sendable {
    /// The pool had no room for the job.
    public struct Refused: Error, Sendable, CustomStringConvertible {
        public let pool: String
        public var description: String { "the queue of the thread pool \(pool) is full" }
    }

    public struct Statistics: Sendable {
        public var threads = 0
        /// Jobs that wait for a thread.
        public var queued = 0
        public var running = 0
        /// Jobs refused since the start because the queue was full.
        public var refused = 0
        public var finished = 0
    }

    private let workers: Workers

    /// - Parameters:
    ///   - threads: the most threads that run at once.
    ///   - queueCapacity: the most jobs that wait for a thread.
    public init(name: String, threads: Int = 4, queueCapacity: Int = 4_096) throws(SystemError) {
        precondition(threads > 0 && queueCapacity > 0, "a pool without threads or queue runs nothing")
        workers = try Workers(name: name, threads: threads, queueCapacity: queueCapacity)
    }

    deinit {
        for thread in workers.stop() { thread.detach() }
    }

    public var statistics: Statistics { workers.statistics }

    /// Runs the job on one of the pool's threads. Jobs start in order.
    public func submit(_ job: @escaping @Sendable () -> Void) throws(Refused) { try workers.submit(job) }

    /// Takes no more jobs and blocks until the accepted ones are done and the threads have ended. Not for use on a shard.
    public func shutDown() {
        for thread in workers.stop() { thread.join() }
    }

    /// What the threads hold, so that they do not keep the pool itself alive.
    private final class Workers: Sendable {
        private struct State {
            var jobs = Deque<@Sendable () -> Void>()
            var threads: [SystemThread] = []
            var statistics = Statistics()
            var isStopping = false
        }

        private let state = Mutex(State())
        private let work: CountingSemaphore
        private let name: String
        private let limit: Int
        private let capacity: Int

        init(name: String, threads: Int, queueCapacity: Int) throws(SystemError) {
            self.name = name
            limit = threads
            capacity = queueCapacity
            work = try CountingSemaphore()
        }

        var statistics: Statistics {
            state.withLock { (state) in
                var answer = state.statistics
                answer.threads = state.threads.count
                answer.queued = state.jobs.count
                return answer
            }
        }

        func submit(_ job: @escaping @Sendable () -> Void) throws(Refused) {
            let isAccepted = state.withLock { (state) -> Bool in
                guard !state.isStopping, state.jobs.count < capacity else {
                    state.statistics.refused += 1
                    return false
                }
                let isEveryThreadBusy = state.statistics.running + state.jobs.count >= state.threads.count
                if isEveryThreadBusy, state.threads.count < limit,
                    let thread = try? SystemThread.start(name: name, body: { self.run() })
                {
                    state.threads.append(thread)
                }
                guard !state.threads.isEmpty else {
                    state.statistics.refused += 1
                    return false
                }
                state.jobs.append(job)
                return true
            }
            guard isAccepted else { throw Refused(pool: name) }
            work.signal()
        }

        private func run() {
            while true {
                work.wait()
                let job = state.withLock { (state) -> (@Sendable () -> Void)? in
                    guard let job = state.jobs.popFirst() else { return nil }
                    state.statistics.running += 1
                    return job
                }
                guard let job else { return }
                job()
                state.withLock { (state) in
                    state.statistics.running -= 1
                    state.statistics.finished += 1
                }
            }
        }

        /// Each thread gets one signal without a job, behind those of the jobs, and ends at it.
        func stop() -> [SystemThread] {
            let threads = state.withLock { (state) -> [SystemThread] in
                guard !state.isStopping else { return [] }
                state.isStopping = true
                return state.threads
            }
            if !threads.isEmpty { work.signal(UInt64(threads.count)) }
            return threads
        }
    }
}

extension Shard {
    /// Runs `job` on the pool and then `completion` with its result on this shard, in the input phase of a tick. If the
    /// shard has ended by then, the result is dropped.
    public func run<Result: Sendable>(
        on pool: BlockingPool, job: @escaping @Sendable () -> Result, then completion: @escaping (Result) -> Void
    ) throws(BlockingPool.Refused) {
        let result = JobResult<Result>()
        let token = nextJob
        let finished = jobCompletions
        try pool.submit {
            result.put(job())
            finished.post(token)
        }
        nextJob += 1
        waitingJobs[token] = { if let value = result.take() { completion(value) } }
    }
}

/// Where a job leaves its result for the shard.
private final class JobResult<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)

    func put(_ result: Value) { value.withLock { $0 = result } }

    func take() -> Value? {
        value.withLock { (held) in
            defer { held = nil }
            return held
        }
    }
}
