import Bytes
import Metadata
import Quotas
import Runtime

/// The quotas of clients on one shard: which they are, and what the whole broker's clients use of them.
final class ShardQuotas {
    typealias Reports = [QuotaUsage<QuotaKey>.Report]

    /// How late the other shards learn what was used here.
    private static let reportInterval = Interval.milliseconds(10)

    private let loop: Shard
    private(set) var table = QuotaTable()
    /// False while no client has a quota: then nothing is measured.
    private(set) var isEnabled = false
    /// Rises when the quotas change, so that what was looked up is looked up again.
    private(set) var version: UInt64 = 0
    private var usage: QuotaUsage<QuotaKey>
    private var isReportDue = false
    /// Tells the other shards; nil while there are none.
    var tellOthers: ((Reports) -> Void)?

    init(loop: Shard, window: QuotaWindow, shardCount: Int) {
        self.loop = loop
        usage = QuotaUsage(window: window, reports: shardCount > 1)
    }

    func update(_ image: ClusterImage) {
        table = QuotaTable(image)
        isEnabled = table.limitsClients
        version += 1
    }

    func limits(of clientID: Name) -> ClientLimits { ClientLimits(clientID, table, version: version) }

    // MARK: Counting

    private var now: Int64 { loop.nowMs }

    /// For how many milliseconds the client has to pause after what it used.
    func record(_ amount: Double, of quota: ClientQuota) -> Int64 {
        defer { reportSoon() }
        return usage.record(amount, of: quota.key, limit: quota.limit, now: now)
    }

    /// Percent of a second that the shard worked for the client. The pause is a sample at most, as in Kafka: time is small
    /// change, and is measured again with the next request.
    func record(percentSeconds: Double, of quota: ClientQuota) -> Int64 {
        min(record(percentSeconds, of: quota), usage.window.sampleMs)
    }

    /// The client was told to pause.
    func throttled(_ key: QuotaKey, ms: Int64) { usage.throttled(key, ms: ms, now: now) }

    /// The most bytes that a fetch may bring: with more it would be over its quota however long it had paused.
    func largestFetch(_ quota: ClientQuota) -> Int {
        Int(clamping: Int64(clamped: usage.window.largestUse(quota.limit)))
    }

    /// Drops what nobody used for long.
    func expire() { usage.expire(now: now) }

    func measures() -> [QuotaUsage<QuotaKey>.Measure] { usage.measures(now: now) }

    // MARK: Other shards

    private func reportSoon() {
        guard tellOthers != nil, !isReportDue else { return }
        isReportDue = true
        loop.schedule(after: ShardQuotas.reportInterval) { [weak self] in self?.report() }
    }

    private func report() {
        isReportDue = false
        let reports = usage.takeReports()
        if !reports.isEmpty { tellOthers?(reports) }
    }

    /// Counts what clients of another shard used.
    func add(_ reports: Reports) { usage.add(reports, now: now) }
}

extension Int64 {
    fileprivate init(clamped value: Double) {
        self = value < Double(Int64.max) ? Int64(Swift.max(value, 0)) : .max
    }
}
