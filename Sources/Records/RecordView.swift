import Bytes

/// One record in memory that somebody else owns.
public struct RecordView {
    /// Bits without a meaning yet.
    public let attributes: Int8
    /// Milliseconds above the batch's base timestamp.
    public let timestampDelta: Int64
    /// Offsets above the batch's base offset.
    public let offsetDelta: Int32
    public let key: UnsafeRawBufferPointer?
    /// nil is a tombstone.
    public let value: UnsafeRawBufferPointer?
    public let headers: RecordHeaders

    /// Reads the body of a record, which must fill `bytes`.
    @inlinable
    public init(body bytes: UnsafeRawBufferPointer) throws(DecodeError) {
        var cursor = ByteCursor(bytes)
        attributes = try cursor.int8()
        timestampDelta = try cursor.varlong()
        offsetDelta = try cursor.varint()
        key = try cursor.nullableRecordBytes()
        value = try cursor.nullableRecordBytes()
        headers = try RecordHeaders(&cursor)
    }
}

extension ByteCursor {
    /// A field with a zig-zag length in front; any negative length is null, as Kafka reads it.
    @inlinable
    mutating func nullableRecordBytes() throws(DecodeError) -> UnsafeRawBufferPointer? {
        let length = try varint()
        return length < 0 ? nil : try take(Int(length))
    }
}

/// The headers of one record, in order; a key may come more than once.
public struct RecordHeaders {
    public let count: Int
    @usableFromInline let bytes: UnsafeRawBufferPointer

    /// Reads the count and checks that the headers fill the rest of the cursor.
    @inlinable
    init(_ cursor: inout ByteCursor) throws(DecodeError) {
        let declared = try cursor.varint()
        bytes = cursor.rest
        count = Int(declared)
        if declared == 0 {
            guard cursor.remaining == 0 else { throw .invalidLength }
        } else {
            try RecordHeaders.check(count: declared, &cursor)
        }
    }

    @usableFromInline
    static func check(count: Int32, _ cursor: inout ByteCursor) throws(DecodeError) {
        guard count > 0, Int(count) <= cursor.remaining / 2 else { throw .invalidLength }
        for _ in 0..<count {
            try cursor.skip(Int(try cursor.varint()))
            _ = try cursor.nullableRecordBytes()
        }
        guard cursor.remaining == 0 else { throw .invalidLength }
    }

    @inlinable public var isEmpty: Bool { count == 0 }
}

extension RecordHeaders: Sequence {
    public struct Header {
        public let key: UnsafeRawBufferPointer
        public let value: UnsafeRawBufferPointer?
    }

    public struct Iterator: IteratorProtocol {
        var cursor: ByteCursor
        var left: Int

        public mutating func next() -> Header? {
            guard left > 0 else { return nil }
            left -= 1
            do {
                let key = try cursor.take(Int(try cursor.varint()))
                return Header(key: key, value: try cursor.nullableRecordBytes())
            } catch {
                preconditionFailure("headers were checked when their record was read")
            }
        }
    }

    public func makeIterator() -> Iterator { Iterator(cursor: ByteCursor(bytes), left: count) }
}
