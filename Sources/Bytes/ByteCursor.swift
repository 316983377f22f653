/// Reads big-endian values from bytes that somebody else sent: every read is checked against the end.
///
/// The cursor borrows its bytes: it must not outlive the closure or tick in which they are valid.
public struct ByteCursor {
    @usableFromInline var next: UnsafeRawPointer
    @usableFromInline let end: UnsafeRawPointer
    /// Array elements that may still come: for a reader who knows how many its peer can have a use for.
    public var elementsLeft = Int.max

    @inlinable
    public init(_ bytes: UnsafeRawBufferPointer) {
        next = bytes.baseAddress ?? ByteCursor.nowhere
        end = next + bytes.count
    }

    /// Stands for the address of no bytes; never read from.
    @usableFromInline static var nowhere: UnsafeRawPointer {
        UnsafeRawPointer(bitPattern: 16).unsafelyUnwrapped
    }

    /// Bytes not read yet.
    @inlinable public var remaining: Int { end - next }

    /// The bytes not read yet, without reading them.
    @inlinable public var rest: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: next, count: remaining) }

    /// The next `count` bytes, which stay where they are.
    @inlinable
    public mutating func take(_ count: Int) throws(DecodeError) -> UnsafeRawBufferPointer {
        guard count >= 0 else { throw .invalidLength }
        guard count <= remaining else { throw .truncated }
        defer { next += count }
        return UnsafeRawBufferPointer(start: next, count: count)
    }

    @inlinable
    public mutating func skip(_ count: Int) throws(DecodeError) {
        guard count >= 0 else { throw .invalidLength }
        guard count <= remaining else { throw .truncated }
        next += count
    }

    @inlinable
    mutating func load<Value: FixedWidthInteger & BitwiseCopyable>(_: Value.Type) throws(DecodeError) -> Value {
        guard MemoryLayout<Value>.size <= remaining else { throw .truncated }
        defer { next += MemoryLayout<Value>.size }
        return Value(bigEndian: next.loadUnaligned(as: Value.self))
    }

    @inlinable public mutating func int8() throws(DecodeError) -> Int8 { try load(Int8.self) }
    @inlinable public mutating func uint8() throws(DecodeError) -> UInt8 { try load(UInt8.self) }
    @inlinable public mutating func int16() throws(DecodeError) -> Int16 { try load(Int16.self) }
    @inlinable public mutating func uint16() throws(DecodeError) -> UInt16 { try load(UInt16.self) }
    @inlinable public mutating func int32() throws(DecodeError) -> Int32 { try load(Int32.self) }
    @inlinable public mutating func uint32() throws(DecodeError) -> UInt32 { try load(UInt32.self) }
    @inlinable public mutating func int64() throws(DecodeError) -> Int64 { try load(Int64.self) }
    @inlinable public mutating func uint64() throws(DecodeError) -> UInt64 { try load(UInt64.self) }

    @inlinable
    public mutating func float64() throws(DecodeError) -> Double { Double(bitPattern: try load(UInt64.self)) }

    /// One byte; anything but zero is true.
    @inlinable public mutating func bool() throws(DecodeError) -> Bool { try load(UInt8.self) != 0 }

    @inlinable
    public mutating func uuid() throws(DecodeError) -> UUID { UUID(high: try uint64(), low: try uint64()) }
}
