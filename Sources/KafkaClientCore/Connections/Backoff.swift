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

/// A small generator with a seed, so that a run can be repeated (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
