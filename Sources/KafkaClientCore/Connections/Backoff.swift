import Runtime

/// Waits that double with each failure, up to a maximum, each 20 % longer or shorter by chance so that many clients do not
/// come back at once.
struct Backoff {
    private let initial: Interval
    private let maximum: Interval
    private(set) var failures = 0

    init(initial: Interval, maximum: Interval) {
        self.initial = initial
        self.maximum = maximum
    }

    mutating func reset() { failures = 0 }

    /// Counts a failure and says how long to wait.
    mutating func next(using generator: inout some RandomNumberGenerator) -> Interval {
        var wait = initial.nanoseconds
        for _ in 0..<min(failures, 32) where wait < maximum.nanoseconds { wait *= 2 }
        failures += 1
        let base = Double(min(wait, maximum.nanoseconds))
        return .nanoseconds(Int64(base * Double.random(in: 0.8...1.2, using: &generator)))
    }
}
