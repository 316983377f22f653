/// Strings, byte fields, arrays and tagged fields, in the classic form (fixed-width lengths, -1 is null) and in the
/// compact form of flexible versions (varint of length + 1, 0 is null; KIP-482).
extension ByteCursor {
    /// Unknown tagged fields that one structure may carry before it is refused.
    public static let maximumUnknownTags: UInt32 = 64

    /// The length of a string that follows; nil is null.
    @inlinable
    public mutating func stringLength(compact: Bool) throws(DecodeError) -> Int? {
        compact ? try compactLength() : classicLength(Int(try int16()))
    }

    /// The length of a byte field that follows; nil is null.
    @inlinable
    public mutating func bytesLength(compact: Bool) throws(DecodeError) -> Int? {
        compact ? try compactLength() : classicLength(Int(try int32()))
    }

    @inlinable
    mutating func compactLength() throws(DecodeError) -> Int? {
        let raw = try unsignedVarint()
        return raw == 0 ? nil : Int(raw) - 1
    }

    /// Any negative length is null, as Kafka reads it.
    @inlinable
    func classicLength(_ length: Int) -> Int? { length < 0 ? nil : length }

    /// The element count of an array that follows; nil is null. A count that the remaining bytes cannot hold, at
    /// `minimumElementSize` bytes each, or that goes over `elementsLeft`, is refused before anything is allocated for it.
    @inlinable
    public mutating func arrayCount(compact: Bool, minimumElementSize: Int) throws(DecodeError) -> Int? {
        guard let count = compact ? try compactLength() : classicLength(Int(try int32())) else { return nil }
        guard count <= remaining / max(minimumElementSize, 1) else { throw .invalidLength }
        guard count <= elementsLeft else { throw .tooManyElements }
        elementsLeft -= count
        return count
    }

    public mutating func nullableString(compact: Bool) throws(DecodeError) -> String? {
        guard let length = try stringLength(compact: compact) else { return nil }
        let bytes = try take(length)
        // Most text is ASCII, which needs no validation; validating costs several times as much as the copy.
        if bytes.reduce(0, |) < 0x80 { return String(decoding: bytes, as: UTF8.self) }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .invalidText }
        return text
    }

    public mutating func string(compact: Bool) throws(DecodeError) -> String {
        guard let text = try nullableString(compact: compact) else { throw .unexpectedNull }
        return text
    }

    public mutating func nullableBytes(compact: Bool) throws(DecodeError) -> [UInt8]? {
        guard let length = try bytesLength(compact: compact) else { return nil }
        return [UInt8](try take(length))
    }

    public mutating func bytes(compact: Bool) throws(DecodeError) -> [UInt8] {
        guard let bytes = try nullableBytes(compact: compact) else { throw .unexpectedNull }
        return bytes
    }

    /// Reads the tagged-field section of one structure. `known` gets each tag with a cursor over just its bytes and
    /// says whether it knows the tag; unknown ones are skipped. A known field that leaves bytes unread is refused.
    /// Tags out of order are read, as Kafka does.
    public mutating func taggedFields(
        _ known: (_ tag: UInt32, _ field: inout ByteCursor) throws(DecodeError) -> Bool
    ) throws(DecodeError) {
        let count = try unsignedVarint()
        if count == 0 { return }
        guard Int(count) <= remaining / 2 else { throw .invalidLength }
        var unknown: UInt32 = 0
        for _ in 0..<count {
            let tag = try unsignedVarint()
            let size = try unsignedVarint()
            var field = ByteCursor(try take(Int(size)))
            if try known(tag, &field) {
                guard field.remaining == 0 else { throw .invalidTaggedField }
            } else {
                unknown += 1
                guard unknown <= ByteCursor.maximumUnknownTags else { throw .tooManyTags }
            }
        }
    }

    /// Skips a tagged-field section of which nothing is known.
    @inlinable
    public mutating func skipTaggedFields() throws(DecodeError) {
        if remaining > 0, next.load(as: UInt8.self) == 0 {
            next += 1
            return
        }
        try taggedFields { (_, _) throws(DecodeError) in false }
    }
}
