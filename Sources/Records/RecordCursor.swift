import Bytes

/// Reads the fields of records: a `ByteCursor` for which varints of one and two bytes, as nearly all are here, are read
/// inline. Every read is checked against the end; longer varints are `ByteCursor`'s.
@usableFromInline
struct RecordCursor {
    @usableFromInline var next: UnsafeRawPointer
    @usableFromInline let end: UnsafeRawPointer

    @inlinable
    init(_ bytes: UnsafeRawBufferPointer) {
        // No bytes: any address will do, as nothing is read between it and itself.
        next = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 16).unsafelyUnwrapped
        end = next + bytes.count
    }

    @inlinable var remaining: Int { end - next }
    @inlinable var rest: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: next, count: remaining) }

    /// A zig-zag varint of at most 5 bytes.
    @inlinable
    @inline(__always)
    mutating func varint() throws(DecodeError) -> Int32 {
        if let short = shortVarint() { return Int32(truncatingIfNeeded: short) }
        let (value, size) = try RecordCursor.longVarint(rest)
        next += size
        return value
    }

    /// A zig-zag varint of at most 10 bytes.
    @inlinable
    @inline(__always)
    mutating func varlong() throws(DecodeError) -> Int64 {
        if let short = shortVarint() { return short }
        let (value, size) = try RecordCursor.longVarlong(rest)
        next += size
        return value
    }

    /// Not the last byte, which is a header count and rarely read by this.
    @inlinable
    @inline(__always)
    mutating func shortVarint() -> Int64? {
        guard remaining >= 2 else { return nil }
        let word = UInt64(UInt16(littleEndian: next.loadUnaligned(as: UInt16.self)))
        let raw: UInt64
        if word & 0x80 == 0 {
            raw = word & 0x7F
            next += 1
        } else {
            guard word & 0x8000 == 0 else { return nil }
            raw = word & 0x7F | (word >> 8) << 7
            next += 2
        }
        return Int64(bitPattern: (raw >> 1) ^ (0 &- (raw & 1)))
    }

    @usableFromInline
    @inline(never)
    static func longVarint(_ bytes: UnsafeRawBufferPointer) throws(DecodeError) -> (value: Int32, size: Int) {
        var cursor = ByteCursor(bytes)
        let value = try cursor.varint()
        return (value, bytes.count - cursor.remaining)
    }

    @usableFromInline
    @inline(never)
    static func longVarlong(_ bytes: UnsafeRawBufferPointer) throws(DecodeError) -> (value: Int64, size: Int) {
        var cursor = ByteCursor(bytes)
        let value = try cursor.varlong()
        return (value, bytes.count - cursor.remaining)
    }

    @inlinable
    @inline(__always)
    mutating func int8() throws(DecodeError) -> Int8 {
        guard remaining >= 1 else { throw .truncated }
        defer { next += 1 }
        return next.load(as: Int8.self)
    }

    /// The next `count` bytes, where they lie.
    @inlinable
    @inline(__always)
    mutating func take(_ count: Int32) throws(DecodeError) -> UnsafeRawBufferPointer {
        guard count >= 0 else { throw .invalidLength }
        guard Int(count) <= remaining else { throw .truncated }
        defer { next += Int(count) }
        return UnsafeRawBufferPointer(start: next, count: Int(count))
    }

    /// A field with its length in front; any negative length is null, as Kafka reads it.
    @inlinable
    @inline(__always)
    mutating func nullableBytes() throws(DecodeError) -> UnsafeRawBufferPointer? {
        let length = try varint()
        return length < 0 ? nil : try take(length)
    }
}
