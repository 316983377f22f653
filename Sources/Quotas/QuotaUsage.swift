/// Who used how much, by the second: a bounded table of measures.
///
/// Each shard keeps one of the whole broker: it counts what its own connections use at once, and what those of the other
/// shards use when their reports come. Beyond `capacity` the measures that rested longest are dropped, and one that rested
/// for an hour is dropped in any case.
public struct QuotaUsage<Key: Hashable & Sendable>: Sendable {
    /// What was used of a measure since the last report.
    public struct Report: Sendable {
        public let key: Key
        public let amount: Double
    }

    /// How a measure stands at some time.
    public struct Measure: Sendable {
        public let key: Key
        /// By the second.
        public let rate: Double
        /// How long clients were told to pause lately, in milliseconds by the second, and how often by the second.
        public let throttledMs: Double
        public let throttles: Double
    }

    private struct Entry {
        var sensor = RateSensor()
        var lastUse: Int64
        var throttledMs = RateSensor()
        var throttles = RateSensor()

        init(at now: Int64) { lastUse = now }

        mutating func count(_ amount: Double, now: Int64, _ window: QuotaWindow) {
            sensor.record(amount, now: now, window)
            lastUse = now
        }
    }

    public let window: QuotaWindow
    private let capacity: Int
    private let reports: Bool
    private let idleMs: Int64 = 3_600_000
    /// That of Kafka's averages.
    private let throttleWindow = QuotaWindow(samples: 2, sampleMs: 30_000)
    private var entries: [Key: Entry] = [:]
    private var unreported: [Key: Double] = [:]

    /// - Parameter reports: whether somebody takes the reports.
    public init(window: QuotaWindow, capacity: Int = 10_000, reports: Bool = false) {
        self.window = window
        self.capacity = max(capacity, 1)
        self.reports = reports
    }

    public var count: Int { entries.count }

    /// Counts what was used; a negative amount takes something back.
    ///
    /// - Parameters:
    ///   - limit: by the second, above 0.
    ///   - now: milliseconds of a clock that does not go back.
    /// - Returns: for how many milliseconds there has to be a pause.
    public mutating func record(_ amount: Double, of key: Key, limit: Double, now: Int64) -> Int64 {
        if reports { unreported[key, default: 0] += amount }
        let window = window
        return withEntry(of: key, now: now) { entry in
            entry.count(amount, now: now, window)
            return entry.sensor.throttleMs(above: limit, now: now, window)
        }
    }

    /// Notes that a client was told to pause.
    public mutating func throttled(_ key: Key, ms: Int64, now: Int64) {
        let window = throttleWindow
        withEntry(of: key, now: now) { entry in
            entry.lastUse = now
            entry.throttledMs.record(Double(ms), now: now, window)
            entry.throttles.record(1, now: now, window)
        }
    }

    // MARK: - Between shards

    /// What this shard's clients used since the last time.
    public mutating func takeReports() -> [Report] {
        defer { unreported.removeAll(keepingCapacity: true) }
        return unreported.compactMap { key, amount in amount == 0 ? nil : Report(key: key, amount: amount) }
    }

    /// Counts what the clients of another shard used.
    public mutating func add(_ reports: [Report], now: Int64) {
        let window = window
        for report in reports {
            withEntry(of: report.key, now: now) { $0.count(report.amount, now: now, window) }
        }
    }

    // MARK: - Looking

    /// All measures, in no particular order.
    public func measures(now: Int64) -> [Measure] {
        entries.map { key, entry in
            Measure(
                key: key, rate: entry.sensor.rate(now: now, window),
                throttledMs: entry.throttledMs.rate(now: now, throttleWindow),
                throttles: entry.throttles.rate(now: now, throttleWindow))
        }
    }

    /// Drops what rested for an hour.
    public mutating func expire(now: Int64) {
        for (key, entry) in entries where now - entry.lastUse >= idleMs { entries[key] = nil }
    }

    // MARK: - Keeping

    private mutating func withEntry<Answer>(of key: Key, now: Int64, _ body: (inout Entry) -> Answer) -> Answer {
        if entries.count >= capacity, entries[key] == nil { makeRoom(now: now) }
        return body(&entries[key, default: Entry(at: now)])
    }

    /// Drops an eighth of the measures, so that the next ones find room without a search.
    private mutating func makeRoom(now: Int64) {
        expire(now: now)
        guard entries.count >= capacity else { return }
        let oldest = entries.sorted { $0.value.lastUse < $1.value.lastUse }.prefix(max(capacity / 8, 1))
        for (key, _) in oldest { entries[key] = nil }
    }
}
