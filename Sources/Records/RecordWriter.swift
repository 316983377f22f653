import Bytes

/// A header of a record that is to be written.
public struct RecordHeader: Equatable, Sendable {
    public var key: [UInt8]
    public var value: [UInt8]?

    public init(key: [UInt8], value: [UInt8]?) {
        self.key = key
        self.value = value
    }

    public init(key: String, value: [UInt8]?) { self.init(key: Array(key.utf8), value: value) }
}

/// The fields of a record that is to be written, borrowed from whoever has them.
struct RecordFields {
    var attributes: Int8 = 0
    var timestampDelta: Int64
    var offsetDelta: Int32
    var key: UnsafeRawBufferPointer?
    var value: UnsafeRawBufferPointer?

    /// Bytes from the attributes to the value.
    var size: Int {
        1 + Varint.size(timestampDelta) + Varint.size(Int64(offsetDelta)) + RecordFields.size(key?.count)
            + RecordFields.size(value?.count)
    }

    /// Bytes of a field of `count` bytes (nil: null) with its length.
    static func size(_ count: Int?) -> Int {
        guard let count else { return 1 }
        return Varint.size(Int64(count)) + count
    }

    /// Bytes of the headers with their count.
    static func size(_ headers: [RecordHeader]) -> Int {
        headers.reduce(Varint.size(Int64(headers.count))) { $0 + size($1.key.count) + size($1.value?.count) }
    }
}

enum Varint {
    /// Bytes of the zig-zag varint.
    static func size(_ value: Int64) -> Int {
        let bits = 64 - UInt64(bitPattern: (value << 1) ^ (value >> 63) | 1).leadingZeroBitCount
        return (bits + 6) / 7
    }
}

extension ByteWriter {
    mutating func writeRecord(_ fields: RecordFields, headers: [RecordHeader]) {
        writeVarlong(Int64(fields.size + RecordFields.size(headers)))
        writeRecordFields(fields)
        writeVarlong(Int64(headers.count))
        for header in headers {
            header.key.withUnsafeBytes { writeRecordBytes($0) }
            if let value = header.value { value.withUnsafeBytes { writeRecordBytes($0) } } else { writeVarint(-1) }
        }
    }

    /// Writes a record whose headers stand encoded somewhere else.
    mutating func writeRecord(_ fields: RecordFields, headers: RecordHeaders) {
        writeVarlong(Int64(fields.size + Varint.size(Int64(headers.count)) + headers.bytes.count))
        writeRecordFields(fields)
        writeVarlong(Int64(headers.count))
        write(headers.bytes)
    }

    private mutating func writeRecordFields(_ fields: RecordFields) {
        write(fields.attributes)
        writeVarlong(fields.timestampDelta)
        writeVarint(fields.offsetDelta)
        writeRecordBytes(fields.key)
        writeRecordBytes(fields.value)
    }

    private mutating func writeRecordBytes(_ bytes: UnsafeRawBufferPointer?) {
        guard let bytes else { return writeVarint(-1) }
        writeVarlong(Int64(bytes.count))
        write(bytes)
    }
}
