/// Versions from `first` to `last`, both included; empty when `first > last`.
struct VersionRange: Equatable, Sendable {
    var first: Int16
    var last: Int16

    static let empty = VersionRange(first: 1, last: 0)

    var isEmpty: Bool { first > last }

    func contains(_ version: Int16) -> Bool { first <= version && version <= last }

    func covers(_ other: VersionRange) -> Bool {
        other.isEmpty || (first <= other.first && last >= other.last)
    }

    func intersection(_ other: VersionRange) -> VersionRange {
        VersionRange(first: max(first, other.first), last: min(last, other.last))
    }
}

enum Scalar: String, Sendable {
    case bool, int8, int16, int32, int64, uint16, uint32, float64, uuid

    var swiftName: String {
        switch self {
        case .bool: "Bool"
        case .int8: "Int8"
        case .int16: "Int16"
        case .int32: "Int32"
        case .int64: "Int64"
        case .uint16: "UInt16"
        case .uint32: "UInt32"
        case .float64: "Double"
        case .uuid: "UUID"
        }
    }

    /// Bytes on the wire.
    var size: Int {
        switch self {
        case .bool, .int8: 1
        case .int16, .uint16: 2
        case .int32, .uint32: 4
        case .int64, .float64: 8
        case .uuid: 16
        }
    }
}

indirect enum FieldType: Equatable, Sendable {
    case scalar(Scalar)
    case string
    /// `bytes` and `records`, which look the same on the wire.
    case bytes
    case structure(String)
    case array(FieldType)
}

/// The value of a field that is not set.
enum DefaultValue: Equatable, Sendable {
    /// Zero, false or empty.
    case zero
    case null
    case number(Int64)
    case yes
}

struct Field: Sendable {
    var name: String
    var type: FieldType
    /// The versions that have the field, within those of the message.
    var versions: VersionRange
    /// The versions in which it may be null.
    var nullable: VersionRange
    var tag: UInt32?
    var defaultValue: DefaultValue
    /// Whether a value may be dropped silently in a version without the field.
    var isIgnorable: Bool
    /// Whether the field tells the elements of its array apart.
    var isKey: Bool
    /// Whether its length is never compact.
    var isClassic: Bool
    /// Whether Kafka does not have it: a tagged field, which whoever does not know it passes over.
    var isOwn = false

    var isNullable: Bool { !nullable.isEmpty }
}

struct Structure: Sendable {
    var name: String
    /// The versions in which it can stand somewhere.
    var versions: VersionRange
    var fields: [Field]
}

struct Message: Sendable {
    enum Kind: Equatable, Sendable {
        case request
        case response
        /// The key or value of a record whose type is this number.
        case record(Int16)
        case data
    }

    var name: String
    var kind: Kind
    var versions: VersionRange
    /// The first version with compact lengths and tagged fields.
    var flexibleFrom: Int16?
    /// Whether the newest version may still change, so that it is not offered.
    var newestIsUnstable: Bool
    var fields: [Field]
    /// The structures of its fields, outer before inner.
    var structures: [Structure]

    func isFlexible(_ version: Int16) -> Bool { flexibleFrom.map { version >= $0 } ?? false }
}

/// One file in our notation.
struct Schema: Sendable {
    struct Api: Sendable {
        var key: Int16
        var name: String
        var listeners: [String]
    }

    /// The name of the file without its extension.
    var name: String
    var api: Api?
    /// The Swift module that gets the code.
    var module: String
    /// Whether the code is not generated: the notation only says what it has to do.
    var isCodedByHand: Bool
    var messages: [Message]
}
