/// What is known of a batch that was accepted.
public struct BatchFacts: Equatable, Sendable {
    public var header: RecordBatchHeader
    /// The latest timestamp as it is to be stored, in milliseconds since 1970; -1 where no record has one.
    public var maxTimestamp: Int64
    /// The position in the batch of the first record with that timestamp; the last position where the records were not
    /// looked at or all have the append time.
    public var indexOfMaxTimestamp: Int32
    /// To be applied before the batch is stored; nil where its header says the truth already.
    public var stamp: TimestampStamp?
    /// The offset deltas are 0, 1, 2, … or were not looked at.
    public var hasConsecutiveOffsets: Bool

    /// Whether the batch has to be made anew for a topic that keeps its batches in `target` (nil: as the producer sent
    /// them). Old clients count offsets in compressed batches in ways of their own; Kafka puts that right.
    public func needsRebuild(for target: Compression?) -> Bool {
        let source = header.attributes.compression
        let target = target ?? source
        return source != target || source != Compression.none && !hasConsecutiveOffsets
    }
}
