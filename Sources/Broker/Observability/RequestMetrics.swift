import KafkaProtocol
import Metrics
import Runtime

/// When a request came, and when it was its turn.
struct RequestTimes {
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

    static func count(_ index: Int, in counts: inout [Int64]) {
        while counts.count <= index { counts.append(0) }
        counts[index] &+= 1
    }
}

/// Counts one shard's requests. The clock is read once a tick: answers leave at the end of the tick that has them, so
/// that is when a request ends.
final class RequestMetrics {
    private final class Api {
        var counts = ApiCounts()
        var servedInTick: Int64 = 0
    }

    /// By the API's number; nil for those that never came.
    private var apis = [Api?](repeating: nil, count: Int(ApiKey.allCases.map(\.rawValue).max() ?? 0) + 1)
    private var servedInTick: [Api] = []
    private var answeredInTick: [(api: Api, times: RequestTimes)] = []

    private func api(_ key: ApiKey) -> Api {
        let index = Int(key.rawValue)
        if let known = apis[index] { return known }
        let new = Api()
        apis[index] = new
        return new
    }

    /// A request goes to its handler.
    func began(_ key: ApiKey, version: Int16, _ times: RequestTimes) {
        let api = api(key)
        ApiCounts.count(Int(version), in: &api.counts.requests)
        api.counts.durations.queue.record(nanoseconds: (times.served - times.arrived).nanoseconds)
        if api.servedInTick == 0 { servedInTick.append(api) }
        api.servedInTick += 1
    }

    /// The answer to a request was written.
    func answered(_ key: ApiKey, _ times: RequestTimes) { answeredInTick.append((api(key), times)) }

    /// The client has to pause after the request.
    func throttled(_ key: ApiKey, _ pause: Interval) {
        api(key).counts.durations.throttle.record(nanoseconds: pause.nanoseconds)
    }

    /// An answer says so, of the whole request or of one partition.
    func count(_ error: ErrorCode, in key: ApiKey) {
        ApiCounts.count(max(Int(error.rawValue) + 1, 0), in: &api(key).counts.errors)
    }

    /// The work of the tick that began at `beginning` is done.
    func endOfTick(beginning: MonotonicTime) {
        guard !servedInTick.isEmpty || !answeredInTick.isEmpty else { return }
        let now = MonotonicTime.current()
        for api in servedInTick {
            api.counts.durations.local.record(nanoseconds: (now - beginning).nanoseconds, count: api.servedInTick)
            api.servedInTick = 0
        }
        servedInTick.removeAll(keepingCapacity: true)
        for (api, times) in answeredInTick {
            api.counts.durations.total.record(nanoseconds: (now - times.arrived).nanoseconds)
            api.counts.durations.remote.record(nanoseconds: (beginning - times.served).nanoseconds)
        }
        answeredInTick.removeAll(keepingCapacity: true)
    }

    var counts: [ApiKey: ApiCounts] {
        var counts: [ApiKey: ApiCounts] = [:]
        for (index, api) in apis.enumerated() {
            guard let api, let key = ApiKey(rawValue: Int16(index)) else { continue }
            counts[key] = api.counts
        }
        return counts
    }
}
