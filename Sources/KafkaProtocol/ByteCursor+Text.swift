import Bytes

/// Strings that stay where they are.
extension ByteCursor {
    /// The bytes of a string, which are UTF-8; nil is null.
    @inlinable
    mutating func nullableText(compact: Bool) throws(DecodeError) -> UnsafeRawBufferPointer? {
        guard let length = try stringLength(compact: compact) else { return nil }
        guard length <= Int(Int16.max) else { throw .invalidLength }
        let bytes = try take(length)
        guard isText(bytes) else { throw .invalidText }
        return bytes
    }

    @inlinable
    mutating func text(compact: Bool) throws(DecodeError) -> UnsafeRawBufferPointer {
        guard let bytes = try nullableText(compact: compact) else { throw .unexpectedNull }
        return bytes
    }
}

/// Whether the bytes are UTF-8; eight at a time as long as they are ASCII.
@inlinable
func isText(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var position = 0
    while position + 8 <= bytes.count {
        if bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self) & 0x8080_8080_8080_8080 != 0 {
            return isUTF8(bytes)
        }
        position += 8
    }
    while position < bytes.count {
        if bytes[position] >= 0x80 { return isUTF8(bytes) }
        position += 1
    }
    return true
}

@usableFromInline
func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
    String(validating: bytes, as: UTF8.self) != nil
}
