import Bytes

/// What one walk over the records of a batch learns about them.
public struct RecordSummary: Equatable, Sendable {
    /// -1 where no record has a later timestamp.
    public var maxTimestamp: Int64 = -1
    /// The position in the batch of the first record with the latest timestamp.
    public var indexOfMaxTimestamp: Int32 = 0
    /// The earliest of the timestamps other than -1; `Int64.max` where there are none.
    public var minTimestamp: Int64 = .max
    public var recordsWithoutKey: Int32 = 0
    /// The offset deltas are 0, 1, 2, …
    public var hasConsecutiveOffsets = true

    /// Walks over `records`, which are as they are before compression, and checks the structure of each to its end.
    /// Timestamps are `baseTimestamp` and a record's delta. Throws as `RecordIterator` does.
    @inlinable
    public init(
        of records: UnsafeRawBufferPointer, count: Int32, baseTimestamp: Int64
    ) throws(DecodeError) {
        var cursor = ByteCursor(records)
        guard count >= 0 else { throw .invalidLength }
        var index: Int32 = 0
        while index < count {
            let length = Int(try cursor.varint())
            let after = cursor.remaining - length
            try cursor.skip(1)
            let timestamp = baseTimestamp &+ (try cursor.varlong())
            if timestamp > maxTimestamp {
                maxTimestamp = timestamp
                indexOfMaxTimestamp = index
            }
            if timestamp < minTimestamp, timestamp != -1 { minTimestamp = timestamp }
            if try cursor.varint() != index { hasConsecutiveOffsets = false }
            let keyLength = try cursor.varint()
            if keyLength < 0 { recordsWithoutKey += 1 } else { try cursor.skip(Int(keyLength)) }
            let valueLength = try cursor.varint()
            if valueLength > 0 { try cursor.skip(Int(valueLength)) }
            let headerCount = try cursor.varint()
            if headerCount != 0 { try RecordSummary.skipHeaders(headerCount, &cursor, leaving: after) }
            guard cursor.remaining == after else { throw .invalidLength }
            index += 1
        }
        guard cursor.remaining == 0 else { throw .invalidLength }
    }

    @usableFromInline
    static func skipHeaders(_ count: Int32, _ cursor: inout ByteCursor, leaving after: Int) throws(DecodeError) {
        var headers = ByteCursor(try cursor.take(cursor.remaining - after))
        try RecordHeaders.check(count: count, &headers)
    }
}
