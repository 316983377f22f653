extension ByteCursor {
    /// An unsigned varint of at most 5 bytes and 32 bits, as used for lengths and tags (not zig-zag).
    @inlinable
    public mutating func unsignedVarint() throws(DecodeError) -> UInt32 {
        let first = try uint8()
        if first < 0x80 { return UInt32(first) }
        var value = UInt32(first & 0x7F)
        var shift: UInt32 = 7
        while true {
            let byte = try uint8()
            if shift == 28, byte > 0x0F { throw .invalidVarint }
            value |= UInt32(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
    }

    /// A zig-zag varint of at most 5 bytes, as used inside records.
    @inlinable
    public mutating func varint() throws(DecodeError) -> Int32 {
        let raw = try unsignedVarint()
        return Int32(bitPattern: (raw >> 1) ^ (0 &- (raw & 1)))
    }

    /// A zig-zag varint of at most 10 bytes.
    @inlinable
    public mutating func varlong() throws(DecodeError) -> Int64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try uint8()
            if shift == 63, byte > 1 { throw .invalidVarint }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { break }
            shift += 7
        }
        return Int64(bitPattern: (value >> 1) ^ (0 &- (value & 1)))
    }
}
