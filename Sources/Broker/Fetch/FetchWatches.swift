/// Interests whose partitions lie on other shards and that wait to be told of a move.
struct FetchWatches {
    private var armed: [UInt64: FetchInterest] = [:]
    private var next: UInt64 = 1

    /// A ticket for the one call that will come; nil where one is on its way already.
    mutating func arm(_ interest: FetchInterest) -> UInt64? {
        guard !interest.isWatchedElsewhere, !interest.isWithdrawn else { return nil }
        interest.isWatchedElsewhere = true
        defer { next += 1 }
        armed[next] = interest
        return next
    }

    mutating func take(_ ticket: UInt64) -> FetchInterest? {
        let interest = armed.removeValue(forKey: ticket)
        interest?.isWatchedElsewhere = false
        return interest
    }
}
