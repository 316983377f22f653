/// Memory with one owner, which may still be changed; `freeze` turns it into a `Buffer`.
public struct MutableBuffer: ~Copyable {
    @usableFromInline let base: UnsafeMutableRawPointer
    public let count: Int

    /// Memory of `count` bytes with no particular content.
    public init(uninitializedCount count: Int) {
        precondition(count >= 0, "a buffer has no negative size")
        base = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1), alignment: 16)
        self.count = count
    }

    deinit { base.deallocate() }

    /// The bytes, writable. Valid as long as this buffer is.
    @inlinable public var bytes: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: base, count: count)
    }

    /// The first `count` bytes as an immutable buffer, without a copy.
    public consuming func freeze(count: Int? = nil) -> Buffer {
        precondition((count ?? 0) <= self.count, "a buffer cannot grow by freezing")
        let buffer = Buffer(adopting: base, count: count ?? self.count)
        discard self
        return buffer
    }
}

/// Immutable bytes, shared by reference.
///
/// `@unchecked Sendable` is sound because the memory is written only before `init(adopting:)` gets it (its callers give
/// up their only pointer to it), is read-only from then on, and is freed by the last reference.
public final class Buffer: @unchecked Sendable {
    @usableFromInline let base: UnsafeMutableRawPointer
    public let count: Int

    /// Takes over memory from `UnsafeMutableRawPointer.allocate`, to which no other pointer may remain.
    @usableFromInline
    init(adopting base: UnsafeMutableRawPointer, count: Int) {
        self.base = base
        self.count = count
    }

    public convenience init(copying bytes: UnsafeRawBufferPointer) {
        let copy = MutableBuffer(uninitializedCount: bytes.count)
        copy.bytes.copyMemory(from: bytes)
        let count = copy.count
        self.init(adopting: copy.surrender(), count: count)
    }

    public convenience init(_ bytes: [UInt8]) {
        let copy = MutableBuffer(uninitializedCount: bytes.count)
        bytes.withUnsafeBytes { copy.bytes.copyMemory(from: $0) }
        let count = copy.count
        self.init(adopting: copy.surrender(), count: count)
    }

    deinit { base.deallocate() }

    @inlinable
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(start: base, count: count))
    }

    public var all: Slice { Slice(buffer: self, offset: 0, count: count) }
}

extension MutableBuffer {
    consuming func surrender() -> UnsafeMutableRawPointer {
        let memory = base
        discard self
        return memory
    }
}

/// A part of a `Buffer`, which it keeps alive.
public struct Slice: Sendable {
    public let buffer: Buffer
    public let offset: Int
    public let count: Int

    /// `offset` and `count` are this program's own, never a peer's: outside the buffer they are a fault of ours.
    @inlinable
    public init(buffer: Buffer, offset: Int, count: Int) {
        precondition(offset >= 0 && count >= 0 && offset <= buffer.count - count, "a slice outside its buffer")
        self.buffer = buffer
        self.offset = offset
        self.count = count
    }

    @inlinable
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(start: buffer.base + offset, count: count))
    }

    public var bytes: [UInt8] { withUnsafeBytes { [UInt8]($0) } }
}
