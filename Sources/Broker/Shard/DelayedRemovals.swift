import Files
import Logging
import Runtime

/// Files that were deleted and stay for `file.delete.delay.ms`, as long as there is room.
struct DelayedRemovals {
    /// Removes the files, on the blocking pool; the error says what is left.
    typealias Job = @Sendable () -> FileError?

    private var waiting: [UInt64: (directory: Int, job: Job)] = [:]
    private var nextNumber: UInt64 = 0
    /// When a directory was last found short of room.
    private var shortages: [Int: MonotonicTime] = [:]
    /// How long one that was is taken to be: what was freed since may be used up any time.
    private static let shortage = Interval.seconds(60)

    mutating func add(in directory: Int, _ job: @escaping Job) -> UInt64 {
        defer { nextNumber += 1 }
        waiting[nextNumber] = (directory, job)
        return nextNumber
    }

    /// nil if they were taken earlier.
    mutating func take(_ number: UInt64) -> Job? { waiting.removeValue(forKey: number)?.job }

    /// Whether deleted files are not to be kept.
    func isShort(_ directory: Int, now: MonotonicTime) -> Bool {
        shortages[directory].map { now - $0 < DelayedRemovals.shortage } ?? false
    }

    /// Takes all in a directory that is short of room.
    mutating func takeAll(in directory: Int, now: MonotonicTime) -> [Job] {
        shortages[directory] = now
        let taken = waiting.filter { $0.value.directory == directory }
        for number in taken.keys { waiting[number] = nil }
        return taken.sorted { $0.key < $1.key }.map(\.value.job)
    }
}

extension BrokerShard {
    /// Removes files that nobody reads any more after a while; at once where their directory is short of room, which is
    /// what they were deleted for.
    func removeLater(in directory: Int, after delayMs: Int64, _ job: @escaping DelayedRemovals.Job) {
        if removals.isShort(directory, now: loop.now) { return run(job) }
        let number = removals.add(in: directory, job)
        loop.schedule(after: .milliseconds(delayMs)) { [weak self] in
            if let self, let job = removals.take(number) { run(job) }
        }
        let context = context
        runOnPool({ context.isShortOfRoom(directory) }) { [self] isShort in
            if isShort { makeRoom(in: directory) }
        }
    }

    /// Something could not be written: what is deleted goes now.
    func makeRoom(in directory: Int) {
        for job in removals.takeAll(in: directory, now: loop.now) { run(job) }
    }

    private func run(_ job: @escaping DelayedRemovals.Job) {
        runOnPool(job) { [weak self] error in
            if let error { self?.log.warning("deleted files were not removed", metadata: ["error": "\(error)"]) }
        }
    }
}
