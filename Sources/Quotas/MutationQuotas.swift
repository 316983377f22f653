/// The budgets of changes of partitions (KIP-599), for who decides on them.
public struct MutationQuotas: Sendable {
    /// A budget while one request is decided on.
    public struct Budget: Sendable {
        private let quota: ClientQuota
        /// Whether what is over the quota is refused, or done and then paused for.
        private let isStrict: Bool
        private let window: QuotaWindow
        private let now: Int64
        fileprivate var bucket: TokenBucket
        /// For how many milliseconds the client has to pause.
        public private(set) var throttleMs: Int64 = 0

        fileprivate init(_ bucket: TokenBucket, _ quota: ClientQuota, isStrict: Bool, now: Int64, _ window: QuotaWindow)
        {
            self.bucket = bucket
            self.quota = quota
            self.isStrict = isStrict
            self.now = now
            self.window = window
        }

        fileprivate var key: QuotaKey { quota.key }

        /// Whether so many partitions may be created or removed. With something left in the bucket any number may: what is
        /// too much is a debt.
        public mutating func permits(_ partitions: Int) -> Bool {
            if isStrict {
                throttleMs = bucket.throttleMs(quota.limit, now: now, window)
                guard throttleMs == 0 else { return false }
            }
            bucket.take(Double(partitions), quota.limit, now: now, window)
            if !isStrict { throttleMs = bucket.throttleMs(quota.limit, now: now, window) }
            return true
        }
    }

    private struct Entry {
        var bucket = TokenBucket()
        var lastUse: Int64
    }

    private let window: QuotaWindow
    private let capacity: Int
    private var entries: [QuotaKey: Entry] = [:]

    public init(window: QuotaWindow, capacity: Int = 10_000) {
        self.window = window
        self.capacity = max(capacity, 1)
    }

    public func budget(_ quota: ClientQuota, isStrict: Bool, now: Int64) -> Budget {
        Budget(entries[quota.key]?.bucket ?? TokenBucket(), quota, isStrict: isStrict, now: now, window)
    }

    /// Keeps what is left after the decision. Beyond `capacity` those that rested longest are dropped.
    public mutating func settle(_ budget: Budget, now: Int64) {
        if entries.count >= capacity, entries[budget.key] == nil {
            let oldest = entries.sorted { $0.value.lastUse < $1.value.lastUse }.prefix(max(capacity / 8, 1))
            for (key, _) in oldest { entries[key] = nil }
        }
        entries[budget.key] = Entry(bucket: budget.bucket, lastUse: now)
    }
}
