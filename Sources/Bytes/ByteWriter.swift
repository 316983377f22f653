/// Appends big-endian values to memory that grows as it fills.
public struct ByteWriter: ~Copyable {
    @usableFromInline var base: UnsafeMutableRawPointer
    /// Bytes that fit before the memory has to grow.
    public internal(set) var capacity: Int

    @usableFromInline var length: Int

    /// Bytes written so far.
    @inlinable public var count: Int { length }

    public init(capacity: Int = 256) {
        let room = max(capacity, 16)
        base = UnsafeMutableRawPointer.allocate(byteCount: room, alignment: 16)
        self.capacity = room
        length = 0
    }

    deinit { base.deallocate() }

    /// Makes room for `extra` more bytes.
    @inlinable
    public mutating func reserve(_ extra: Int) {
        if extra > capacity - length { grow(extra) }
    }

    @usableFromInline
    mutating func grow(_ extra: Int) {
        let wanted = max(capacity * 2, length + extra)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: wanted, alignment: 16)
        larger.copyMemory(from: base, byteCount: length)
        base.deallocate()
        base = larger
        capacity = wanted
    }

    @inlinable
    mutating func store<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value) {
        reserve(MemoryLayout<Value>.size)
        (base + length).storeBytes(of: value.bigEndian, as: Value.self)
        length += MemoryLayout<Value>.size
    }

    @inlinable public mutating func write(_ value: Int8) { store(value) }
    @inlinable public mutating func write(_ value: UInt8) { store(value) }
    @inlinable public mutating func write(_ value: Int16) { store(value) }
    @inlinable public mutating func write(_ value: UInt16) { store(value) }
    @inlinable public mutating func write(_ value: Int32) { store(value) }
    @inlinable public mutating func write(_ value: UInt32) { store(value) }
    @inlinable public mutating func write(_ value: Int64) { store(value) }
    @inlinable public mutating func write(_ value: UInt64) { store(value) }
    @inlinable public mutating func write(_ value: Double) { store(value.bitPattern) }
    @inlinable public mutating func write(_ value: Bool) { store(value ? UInt8(1) : UInt8(0)) }

    @inlinable
    public mutating func write(_ value: UUID) {
        store(value.high)
        store(value.low)
    }

    @inlinable
    public mutating func write(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        reserve(bytes.count)
        (base + length).copyMemory(from: source, byteCount: bytes.count)
        length += bytes.count
    }

    public mutating func write(_ bytes: [UInt8]) { bytes.withUnsafeBytes { write($0) } }

    public mutating func write(_ slice: Slice) { slice.withUnsafeBytes { write($0) } }

    /// Lets `body` write up to `limit` bytes behind those written so far; it returns how many it wrote.
    @inlinable
    public mutating func append<Failure: Error>(
        atMost limit: Int, _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
    ) throws(Failure) {
        precondition(limit >= 0, "room of a negative size")
        reserve(limit)
        let written = try body(UnsafeMutableRawBufferPointer(start: base + length, count: limit))
        precondition(written >= 0 && written <= limit, "more written than there was room")
        length += written
    }

    /// Writes over four bytes that were written before, a length for instance.
    @inlinable
    public mutating func overwrite(_ value: Int32, at position: Int) {
        precondition(position >= 0 && position + 4 <= length, "overwrite past what was written")
        (base + position).storeBytes(of: value.bigEndian, as: Int32.self)
    }

    /// Forgets what was written from `position` on.
    @inlinable
    public mutating func truncate(to position: Int) {
        precondition(position >= 0 && position <= length, "truncate past what was written")
        length = position
    }

    /// The bytes written, valid until the next write.
    @inlinable
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(start: base, count: length))
    }

    /// The bytes written, to be changed in place (a checksum over what stands there, for instance).
    @inlinable
    public mutating func withUnsafeMutableBytes<Result, Failure: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeMutableRawBufferPointer(start: base, count: length))
    }

    /// A copy of the bytes written.
    public var bytes: [UInt8] { withUnsafeBytes { [UInt8]($0) } }

    /// The bytes written, without a copy, as an immutable buffer that can be shared.
    public consuming func finish() -> Buffer {
        let buffer = Buffer(adopting: base, count: length)
        discard self
        return buffer
    }
}
