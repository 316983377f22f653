import Runtime
import Synchronization

/// What the shards share so that their moves between log directories keep to one limit of bytes in a second
/// (`replica.alter.log.dirs.io.max.bytes.per.second`).
final class MovePace: Sendable {
    /// When what was copied so far is paid for: nanoseconds of the monotonic clock.
    private let paid = Atomic<Int64>(0)

    /// Notes that so much was copied.
    ///
    /// - Returns: how long to wait before more is.
    func copied(_ bytes: Int64, bytesPerSecond: Int64, now: MonotonicTime) -> Interval {
        let price = Int64(min(Double(bytes) / Double(bytesPerSecond) * 1e9, 1e18))
        var before = paid.load(ordering: .relaxed)
        while true {
            let after = max(before, now.nanoseconds) + price
            let (exchanged, original) = paid.compareExchange(expected: before, desired: after, ordering: .relaxed)
            if exchanged { return .nanoseconds(after - now.nanoseconds) }
            before = original
        }
    }
}
