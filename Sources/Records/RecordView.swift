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
        var cursor = RecordCursor(bytes)
        attributes = try cursor.int8()
        timestampDelta = try cursor.varlong()
        offsetDelta = try cursor.varint()
        key = try cursor.nullableBytes()
        value = try cursor.nullableBytes()
        headers = try RecordHeaders(cursor)
    }
}

/// The headers of one record, in order; a key may come more than once.
public struct RecordHeaders {
    public let count: Int
    @usableFromInline let bytes: UnsafeRawBufferPointer

    /// Reads the count, and checks that as many headers follow and nothing else.
    @inlinable
    @inline(__always)
    init(_ rest: RecordCursor) throws(DecodeError) {
        if rest.remaining == 1, rest.next.load(as: UInt8.self) == 0 {
            count = 0
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
        } else {
            self = try RecordHeaders.several(rest.rest)
        }
    }

    @usableFromInline
    init(count: Int, bytes: UnsafeRawBufferPointer) {
        self.count = count
        self.bytes = bytes
    }

    @usableFromInline
    @inline(never)
    static func several(_ rest: UnsafeRawBufferPointer) throws(DecodeError) -> RecordHeaders {
        var cursor = RecordCursor(rest)
        let count = try cursor.varint()
        let bytes = cursor.rest
        guard count >= 0, Int(count) <= bytes.count / 2 else { throw .invalidLength }
        for _ in 0..<count {
            _ = try cursor.take(try cursor.varint())
            _ = try cursor.nullableBytes()
        }
        guard cursor.remaining == 0 else { throw .invalidLength }
        return RecordHeaders(count: Int(count), bytes: bytes)
    }

    @inlinable public var isEmpty: Bool { count == 0 }
}

extension RecordHeaders: Sequence {
    public struct Header {
        public let key: UnsafeRawBufferPointer
        public let value: UnsafeRawBufferPointer?
    }

    public struct Iterator: IteratorProtocol {
        var cursor: RecordCursor
        var left: Int

        public mutating func next() -> Header? {
            guard left > 0 else { return nil }
            left -= 1
            do {
                let key = try cursor.take(try cursor.varint())
                return Header(key: key, value: try cursor.nullableBytes())
            } catch {
                preconditionFailure("headers were checked when their record was read")
            }
        }
    }

    public func makeIterator() -> Iterator { Iterator(cursor: RecordCursor(bytes), left: count) }
}
