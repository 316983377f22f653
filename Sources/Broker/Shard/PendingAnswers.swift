/// Questions to other shards that have no answer yet.
struct PendingAnswers {
    private var waiting: [UInt64: (any Sendable) -> Void] = [:]
    private var next: UInt64 = 1

    mutating func issue(_ then: @escaping (any Sendable) -> Void) -> UInt64 {
        defer { next += 1 }
        waiting[next] = then
        return next
    }

    mutating func take(_ ticket: UInt64) -> ((any Sendable) -> Void)? { waiting.removeValue(forKey: ticket) }
}
