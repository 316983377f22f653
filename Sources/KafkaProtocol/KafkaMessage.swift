import Bytes

/// A request, a response or the content of a record: what is encoded as one piece in one version.
public protocol KafkaMessage: Sendable {
    /// The versions that can be read and written.
    static var versions: ClosedRange<Int16> { get }
    /// The first version with compact lengths and tagged fields; `Int16.max` if there is none.
    static var flexibleVersions: Int16 { get }

    /// A message with every field at its default.
    init()

    /// Reads a message; what follows it stays unread. Fields that the version does not have keep their default, and
    /// unknown tagged fields are skipped.
    init(from cursor: inout ByteCursor, version: Int16) throws(DecodeError)

    /// Appends the message. A field that the version does not have must have its default, unless the protocol says that
    /// it may be dropped.
    func encode(into writer: inout ByteWriter, version: Int16) throws(EncodeError)
}

/// A message with a key of its own, to which there is one kind of answer.
public protocol KafkaRequest: KafkaMessage {
    associatedtype Response: KafkaResponse
    static var apiKey: ApiKey { get }
}

/// An answer, which says how the request went, or each part of it.
public protocol KafkaResponse: KafkaMessage {
    /// Calls `body` with every error code that the answer has in this version, those of success among them: its own and
    /// that of each row.
    func forEachError(in version: Int16, _ body: (ErrorCode) -> Void)
}

/// An answer that says for how long its client is to pause.
public protocol ThrottledResponse: KafkaResponse {
    /// Milliseconds; 0 for not at all. Versions without the field drop it.
    var throttleTimeMs: Int32 { get set }
}

/// A part of a message that may stand in an array.
package protocol KafkaStructure: Sendable {
    init(from cursor: inout ByteCursor, version: Int16) throws(DecodeError)
    func encode(into writer: inout ByteWriter, version: Int16) throws(EncodeError)
    /// The fewest bytes that it takes, so that a declared count can be compared with the bytes that are there.
    static func minimumSize(version: Int16) -> Int
}

/// A simple value that may stand in an array.
package protocol KafkaElement: Sendable {
    static func read(from cursor: inout ByteCursor, compact: Bool) throws(DecodeError) -> Self
    func write(into writer: inout ByteWriter, compact: Bool) throws(EncodeError)
    static func minimumSize(compact: Bool) -> Int
}

extension Int8: KafkaElement {
    package static func read(from cursor: inout ByteCursor, compact: Bool) throws(DecodeError) -> Int8 {
        try cursor.int8()
    }
    package func write(into writer: inout ByteWriter, compact: Bool) { writer.write(self) }
    package static func minimumSize(compact: Bool) -> Int { 1 }
}

extension Int16: KafkaElement {
    package static func read(from cursor: inout ByteCursor, compact: Bool) throws(DecodeError) -> Int16 {
        try cursor.int16()
    }
    package func write(into writer: inout ByteWriter, compact: Bool) { writer.write(self) }
    package static func minimumSize(compact: Bool) -> Int { 2 }
}

extension Int32: KafkaElement {
    package static func read(from cursor: inout ByteCursor, compact: Bool) throws(DecodeError) -> Int32 {
        try cursor.int32()
    }
    package func write(into writer: inout ByteWriter, compact: Bool) { writer.write(self) }
    package static func minimumSize(compact: Bool) -> Int { 4 }
}

extension Int64: KafkaElement {
    package static func read(from cursor: inout ByteCursor, compact: Bool) throws(DecodeError) -> Int64 {
        try cursor.int64()
    }
    package func write(into writer: inout ByteWriter, compact: Bool) { writer.write(self) }
    package static func minimumSize(compact: Bool) -> Int { 8 }
}

extension UUID: KafkaElement {
    package static func read(from cursor: inout ByteCursor, compact: Bool) throws(DecodeError) -> UUID {
        try cursor.uuid()
    }
    package func write(into writer: inout ByteWriter, compact: Bool) { writer.write(self) }
    package static func minimumSize(compact: Bool) -> Int { 16 }
}

extension String: KafkaElement {
    package static func read(from cursor: inout ByteCursor, compact: Bool) throws(DecodeError) -> String {
        try cursor.string(compact: compact)
    }
    package func write(into writer: inout ByteWriter, compact: Bool) throws(EncodeError) {
        try writer.write(self, compact: compact)
    }
    package static func minimumSize(compact: Bool) -> Int { compact ? 1 : 2 }
}
