extension ByteWriter {
    /// An unsigned varint (not zig-zag), as used for lengths and tags.
    @inlinable
    public mutating func writeUnsignedVarint(_ value: UInt32) {
        reserve(5)
        var rest = value
        while rest >= 0x80 {
            (base + length).storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, as: UInt8.self)
            length += 1
            rest >>= 7
        }
        (base + length).storeBytes(of: UInt8(truncatingIfNeeded: rest), as: UInt8.self)
        length += 1
    }

    /// A zig-zag varint, as used inside records.
    @inlinable
    public mutating func writeVarint(_ value: Int32) {
        writeUnsignedVarint(UInt32(bitPattern: (value << 1) ^ (value >> 31)))
    }

    /// A zig-zag varint of up to 10 bytes.
    @inlinable
    public mutating func writeVarlong(_ value: Int64) {
        reserve(10)
        var rest = UInt64(bitPattern: (value << 1) ^ (value >> 63))
        while rest >= 0x80 {
            (base + length).storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, as: UInt8.self)
            length += 1
            rest >>= 7
        }
        (base + length).storeBytes(of: UInt8(truncatingIfNeeded: rest), as: UInt8.self)
        length += 1
    }

    public mutating func write(_ text: String?, compact: Bool) throws(EncodeError) {
        guard let text else {
            compact ? writeUnsignedVarint(0) : write(Int16(-1))
            return
        }
        let size = text.utf8.count
        guard size <= Int(Int16.max) else { throw .tooLong }
        compact ? writeUnsignedVarint(UInt32(size) + 1) : write(Int16(size))
        writeText(text)
    }

    /// The UTF-8 bytes of `text` without a length.
    public mutating func writeText(_ text: String) {
        var text = text
        text.withUTF8 { write(UnsafeRawBufferPointer($0)) }
    }

    public mutating func write(_ bytes: [UInt8]?, compact: Bool) throws(EncodeError) {
        guard let bytes else {
            compact ? writeUnsignedVarint(0) : write(Int32(-1))
            return
        }
        guard let size = Int32(exactly: bytes.count), size < Int32.max else { throw .tooLong }
        compact ? writeUnsignedVarint(UInt32(size) + 1) : write(size)
        write(bytes)
    }

    /// The element count of an array; nil is null.
    public mutating func writeArrayCount(_ count: Int?, compact: Bool) throws(EncodeError) {
        guard let count else {
            compact ? writeUnsignedVarint(0) : write(Int32(-1))
            return
        }
        guard let size = Int32(exactly: count), size < Int32.max else { throw .tooLong }
        compact ? writeUnsignedVarint(UInt32(size) + 1) : write(size)
    }

    /// Puts the size of what was written since `start` in front of it, as an unsigned varint: a tagged field is
    /// written first and measured then.
    public mutating func insertSize(at start: Int) {
        precondition(start >= 0 && start <= length, "insertSize past what was written")
        let size = length - start
        writeUnsignedVarint(UInt32(truncatingIfNeeded: size))
        let width = length - start - size
        withUnsafeTemporaryAllocation(byteCount: width, alignment: 1) { prefix in
            prefix.copyMemory(from: UnsafeRawBufferPointer(start: base + start + size, count: width))
            (base + start + width).copyMemory(from: base + start, byteCount: size)
            (base + start).copyMemory(from: UnsafeRawPointer(prefix.baseAddress.unsafelyUnwrapped), byteCount: width)
        }
    }
}
