import Bytes

/// What one walk over the records of a batch learns about them.
public struct RecordSummary: Equatable, Sendable {
    /// -1 where no record has a later timestamp.
    public let maxTimestamp: Int64
    /// The position in the batch of the first record with the latest timestamp.
    public let indexOfMaxTimestamp: Int32
    /// The earliest of the timestamps other than -1; `Int64.max` where there are none.
    public let minTimestamp: Int64
    public let recordsWithoutKey: Int32
    /// The offset deltas are 0, 1, 2, …
    public let hasConsecutiveOffsets: Bool

    /// Walks over `records`, which are as they are before compression, and checks the structure of each to its end.
    /// Timestamps are `baseTimestamp` and a record's delta. Throws as `RecordIterator` does.
    @inlinable
    public init(
        of records: UnsafeRawBufferPointer, count: Int32, baseTimestamp: Int64
    ) throws(DecodeError) {
        guard count >= 0 else { throw .invalidLength }
        var cursor = RecordCursor(records)
        var latest: Int64 = -1
        var indexOfLatest: Int32 = 0
        var earliest = Int64.max
        var keyless: Int32 = 0
        var isConsecutive = true
        var index: Int32 = 0
        while index < count {
            // The next record is found by this one's length alone, so that the processor need not wait for its fields.
            var body = RecordCursor(try cursor.take(try cursor.varint()))
            _ = try body.int8()
            let timestamp = baseTimestamp &+ (try body.varlong())
            if timestamp > latest {
                latest = timestamp
                indexOfLatest = index
            }
            if timestamp < earliest, timestamp != -1 { earliest = timestamp }
            if try body.varint() != index { isConsecutive = false }
            if try body.nullableBytes() == nil { keyless &+= 1 }
            _ = try body.nullableBytes()
            _ = try RecordHeaders(body)
            index &+= 1
        }
        guard cursor.remaining == 0 else { throw .invalidLength }
        maxTimestamp = latest
        indexOfMaxTimestamp = indexOfLatest
        minTimestamp = earliest
        recordsWithoutKey = keyless
        hasConsecutiveOffsets = isConsecutive
    }
}
