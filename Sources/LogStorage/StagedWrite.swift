import Bytes

/// What is staged for one file, and how to take it back.
struct StagedWrite {
    let segment: Int64
    /// Where it begins in the file.
    let position: Int64
    /// Before the first of its batches, and before the roll that made its segment.
    let before: Savepoint
    /// The producers as they were when its segment was begun for it; nil if the segment was there.
    let snapshot: WaitingSnapshot?
    var pieces: [UnsafeRawBufferPointer] = []
    var byteCount: Int64 = 0
    var replacedProducers: [(id: Int64, entry: ProducerEntry?)] = []
    /// What the first of the `pieces` point into, one each, since they had to outlive their tick.
    var kept: [Buffer] = []

    var end: Int64 { position + byteCount }
}

/// The state of a log that an append changes, but for the producers' entries.
struct Savepoint {
    var logEndOffset: Int64
    var tail: Segment.Tail
    var transactions: ProducerState.Transactions
    var epochs: LeaderEpochCache
}
