import Runtime

extension Shard {
    /// Milliseconds of the clock that does not go back.
    var nowMs: Int64 { now.nanoseconds / 1_000_000 }
}
