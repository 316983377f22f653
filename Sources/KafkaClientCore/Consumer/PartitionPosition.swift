import Runtime

/// How far the reading of one partition is.
struct PartitionPosition {
    enum Phase: Equatable {
        /// The offset to start from has to be looked up. Can become `positioning`, or `ready` when it is a number.
        case unpositioned(StartPosition)
        /// It is being looked up. Can become `ready`, `failed`.
        case positioning
        /// To be fetched. Can become `fetching`.
        case ready
        /// A request is on its way. Can become `ready`, `waiting`, `unpositioned`, `failed`.
        case fetching
        /// Not before then again. Can become `ready`.
        case waiting(until: MonotonicTime)
        /// Ended with an error.
        case failed
    }

    var phase: Phase
    /// The next offset to deliver; meaningful from `ready` on.
    var offset: Int64 = -1
    var isPaused = false
    /// Tells this assignment from an earlier one, whose answers may still come.
    let generation: Int
    var backoff: Backoff
}
