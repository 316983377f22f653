/// Why bytes from outside could not be read as what they claim to be.
public enum DecodeError: Error, Equatable, Sendable {
    /// The bytes end before the value does.
    case truncated
    /// A length or count is negative, or larger than the bytes that follow could hold.
    case invalidLength
    /// A varint is longer than its type allows.
    case invalidVarint
    /// A string is not UTF-8.
    case invalidText
    /// A null stands where the schema has none.
    case unexpectedNull
    /// A known tagged field is not as long as it says.
    case invalidTaggedField
    /// More unknown tagged fields than a peer has a use for (see `ByteCursor.maximumUnknownTags`).
    case tooManyTags
    /// More array elements than the reader takes (see `ByteCursor.elementsLeft`).
    case tooManyElements
    /// The version is outside the range of the message.
    case unsupportedVersion
}

/// Why a value cannot be written in the asked version.
public enum EncodeError: Error, Equatable, Sendable {
    /// A string, byte field or array is longer than its length field can say.
    case tooLong
    /// The version has no such field, and the field may not be dropped silently.
    case unsupportedField
    /// A null stands where the version has none.
    case unexpectedNull
    /// The version is outside the range of the message.
    case unsupportedVersion
}
