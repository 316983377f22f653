import KafkaProtocol
import Metrics
import Runtime

/// When a request came, and when it was its turn.
struct RequestTimes: Equatable {
    /// The tick in which the request was whole.
    var arrived: MonotonicTime
    /// The tick in which its handler ran; later than `arrived` where the connection had others to answer first.
    var served: MonotonicTime
}

/// How long requests of one kind took.
struct RequestDurations: Sendable {
    /// From its arrival to its answer.
    var total = LatencyHistogram()
    /// Waiting for its turn.
    var queue = LatencyHistogram()
    /// In its handler and the disk work of that tick.
    var local = LatencyHistogram()
    /// After that, waiting: for a sync, for records to arrive, for another thread.
    var remote = LatencyHistogram()
    /// Pauses after answers to clients over their quota; those without a pause are not in here.
    var throttle = LatencyHistogram()

    /// So many requests went to their handler in a tick whose work took `local`.
    mutating func began(_ times: RequestTimes, count: Int64, local length: Interval) {
        queue.record(nanoseconds: (times.served - times.arrived).nanoseconds, count: count)
        local.record(nanoseconds: length.nanoseconds, count: count)
    }

    /// So many were answered in a tick that worked from `beginning` to `now`.
    mutating func ended(_ times: RequestTimes, count: Int64, workedFrom beginning: MonotonicTime, to now: MonotonicTime)
    {
        total.record(nanoseconds: (now - times.arrived).nanoseconds, count: count)
        remote.record(nanoseconds: (beginning - times.served).nanoseconds, count: count)
    }

    mutating func merge(_ other: RequestDurations) {
        total.merge(other.total)
        queue.merge(other.queue)
        local.merge(other.local)
        remote.merge(other.remote)
        throttle.merge(other.throttle)
    }

    func since(_ earlier: RequestDurations) -> RequestDurations {
        RequestDurations(
            total: total.since(earlier.total), queue: queue.since(earlier.queue), local: local.since(earlier.local),
            remote: remote.since(earlier.remote), throttle: throttle.since(earlier.throttle))
    }

    /// Pauses after all answers, most of which have none.
    var throttleOfAll: LatencyHistogram {
        var all = throttle
        all.record(nanoseconds: 0, count: max(total.count - throttle.count, 0))
        return all
    }
}

/// What one shard has counted of one API.
struct ApiCounts: Sendable {
    /// Requests by version.
    var requests: [Int64] = []
    /// By the error's number, from -1 on.
    var errors: [Int64] = []
    var durations = RequestDurations()

    mutating func merge(_ other: ApiCounts) {
        ApiCounts.add(other.requests, to: &requests)
        ApiCounts.add(other.errors, to: &errors)
        durations.merge(other.durations)
    }

    private static func add(_ other: [Int64], to counts: inout [Int64]) {
        while counts.count < other.count { counts.append(0) }
        for index in other.indices { counts[index] += other[index] }
    }

    static func add(_ count: Int64, at index: Int, to counts: inout [Int64]) {
        while counts.count <= index { counts.append(0) }
        counts[index] &+= count
    }
}

/// Counts one shard's requests. The clock is read once a tick: answers leave at the end of the tick that has them, so
/// that is when a request ends. Requests that came and were served together, as most of a tick do, are counted together:
/// what each of them costs is a comparison with the one before.
final class RequestMetrics {
    /// Requests of one kind with the same times.
    private struct Run {
        let key: ApiKey
        let version: Int16
        let times: RequestTimes
        var count: Int64 = 1
    }

    private struct ErrorRun {
        let key: ApiKey
        let error: ErrorCode
        var count: Int64 = 1
    }

    private static let keyCount = Int(ApiKey.allCases.map(\.rawValue).max() ?? 0) + 1

    /// By the API's number; nil for those that never came.
    private var apis = [ApiCounts?](repeating: nil, count: RequestMetrics.keyCount)
    /// The errors of each, which change in place: for them alone the other counts need not be moved.
    private var errors = [[Int64]](repeating: [], count: RequestMetrics.keyCount)
    private var beganRuns: [Run] = []
    private var answeredRuns: [Run] = []
    private var errorRuns: [ErrorRun] = []

    /// A request goes to its handler.
    func began(_ key: ApiKey, version: Int16, _ times: RequestTimes) {
        RequestMetrics.add(key, version, times, to: &beganRuns)
    }

    /// The answer to a request was written.
    func answered(_ key: ApiKey, _ times: RequestTimes) { RequestMetrics.add(key, 0, times, to: &answeredRuns) }

    private static func add(_ key: ApiKey, _ version: Int16, _ times: RequestTimes, to runs: inout [Run]) {
        let last = runs.count - 1
        if last >= 0, runs[last].key == key, runs[last].version == version, runs[last].times == times {
            runs[last].count &+= 1
        } else {
            runs.append(Run(key: key, version: version, times: times))
        }
    }

    /// The client has to pause after the request.
    func throttled(_ key: ApiKey, _ pause: Interval) {
        change(key) { $0.durations.throttle.record(nanoseconds: pause.nanoseconds) }
    }

    /// An answer says so, of the whole request or of one partition.
    func count(_ error: ErrorCode, in key: ApiKey) {
        let last = errorRuns.count - 1
        if last >= 0, errorRuns[last].key == key, errorRuns[last].error == error {
            errorRuns[last].count &+= 1
        } else {
            errorRuns.append(ErrorRun(key: key, error: error))
        }
    }

    /// The work of the tick that began at `beginning` is done.
    func endOfTick(beginning: MonotonicTime) {
        guard !beganRuns.isEmpty || !answeredRuns.isEmpty || !errorRuns.isEmpty else { return }
        let now = MonotonicTime.current()
        for run in beganRuns {
            change(run.key) { counts in
                ApiCounts.add(run.count, at: Int(run.version), to: &counts.requests)
                counts.durations.began(run.times, count: run.count, local: now - beginning)
            }
        }
        beganRuns.removeAll(keepingCapacity: true)
        for run in answeredRuns {
            change(run.key) { $0.durations.ended(run.times, count: run.count, workedFrom: beginning, to: now) }
        }
        answeredRuns.removeAll(keepingCapacity: true)
        for run in errorRuns {
            ApiCounts.add(run.count, at: max(Int(run.error.rawValue) + 1, 0), to: &errors[Int(run.key.rawValue)])
        }
        errorRuns.removeAll(keepingCapacity: true)
    }

    private func change(_ key: ApiKey, _ body: (inout ApiCounts) -> Void) {
        let index = Int(key.rawValue)
        var counts = apis[index].take() ?? ApiCounts()
        body(&counts)
        apis[index] = counts
    }

    /// All that was counted up to the end of the last tick.
    var counts: [ApiKey: ApiCounts] {
        var counts: [ApiKey: ApiCounts] = [:]
        for (index, api) in apis.enumerated() where api != nil || !errors[index].isEmpty {
            guard let key = ApiKey(rawValue: Int16(index)) else { continue }
            var own = api ?? ApiCounts()
            own.errors = errors[index]
            counts[key] = own
        }
        return counts
    }
}
