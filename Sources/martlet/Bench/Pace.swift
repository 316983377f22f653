import Runtime

/// When records are to be sent, whatever becomes of those before them: the first at `start`, the others evenly after it.
struct Pace: Sendable {
    let start: MonotonicTime
    /// Records a second.
    let rate: Double

    func time(of index: Int) -> MonotonicTime {
        start + .nanoseconds(Int64(clampingRounded: Double(index) * 1e9 / rate))
    }
}
