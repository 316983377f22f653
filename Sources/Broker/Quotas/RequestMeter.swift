import Bytes
import Quotas
import Runtime

/// The quotas that apply to one client id on one connection, looked up once until the quotas change.
final class ClientLimits {
    /// Whoever did not say who they are, by Kafka's name.
    static let anonymous: Name = "ANONYMOUS"

    let clientID: Name
    /// That of the quotas they were looked up in.
    let version: UInt64
    let produce: ClientQuota?
    let fetch: ClientQuota?
    let request: ClientQuota?

    init(_ clientID: Name, _ table: QuotaTable, version: UInt64) {
        func quota(_ kind: QuotaKind) -> ClientQuota? {
            table.quota(kind, user: ClientLimits.anonymous, clientID: clientID)
        }
        self.clientID = clientID
        self.version = version
        produce = quota(.produce)
        fetch = quota(.fetch)
        request = quota(.request)
    }

    var areNone: Bool { produce == nil && fetch == nil && request == nil }
}

/// What one request of a client with quotas uses: its bytes, and the time in which the shard works on it. The disk work at
/// the end of a tick, which many requests share, is nobody's, and so is the time of other threads.
struct RequestMeter {
    let limits: ClientLimits
    /// The whole request, with its header.
    let requestBytes: Int
    private var spent = Interval.zero
    private var runningSince: MonotonicTime?

    /// Work on the request has begun.
    init(_ limits: ClientLimits, requestBytes: Int) {
        self.limits = limits
        self.requestBytes = requestBytes
        run()
    }

    /// The shard works on the request again. Without a quota of time the clock is not read.
    mutating func run() {
        if limits.request != nil, runningSince == nil { runningSince = .current() }
    }

    /// The request waits for something, or is done.
    mutating func rest() {
        guard let start = runningSince else { return }
        spent = spent + (.current() - start)
        runningSince = nil
    }

    /// What quotas of time are counted in.
    var percentSeconds: Double { Double(spent.nanoseconds) * 100 / 1e9 }
}

/// The longest of several pauses, and the quota that asks for it.
struct Throttle {
    private(set) var key: QuotaKey?
    private(set) var ms: Int64 = 0

    mutating func consider(_ key: QuotaKey, ms: Int64) {
        guard ms > self.ms else { return }
        self.key = key
        self.ms = ms
    }
}
