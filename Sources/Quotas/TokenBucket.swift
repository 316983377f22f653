/// A budget that refills with time (KIP-599): a large use leaves a debt that is waited off at the rate of the quota, instead
/// of one that a window remembers as long as it is.
///
/// It holds at most what the quota gives in a window, and begins full.
public struct TokenBucket: Sendable {
    private var tokens = Double.infinity
    private var filled: Int64 = 0

    public init() {}

    /// What is left; negative for a debt.
    ///
    /// - Parameters:
    ///   - limit: tokens by the second, above 0.
    ///   - now: milliseconds of a clock that does not go back.
    public func balance(_ limit: Double, now: Int64, _ window: QuotaWindow) -> Double {
        min(tokens + limit * Double(now - filled) / 1_000, window.seconds * limit)
    }

    public mutating func take(_ count: Double, _ limit: Double, now: Int64, _ window: QuotaWindow) {
        tokens = balance(limit, now: now, window) - count
        filled = now
    }

    /// How long until the debt is paid; 0 without one.
    public func throttleMs(_ limit: Double, now: Int64, _ window: QuotaWindow) -> Int64 {
        let balance = balance(limit, now: now, window)
        return balance < 0 ? Int64(clampingRounded: -balance / limit * 1_000) : 0
    }
}
