import Bytes
import KafkaProtocol
import KafkaProtocolMore

/// What the codec under test made of some bytes.
struct Reencoded {
    var bytes: [UInt8]
    /// Bytes that were left unread.
    var trailing: Int
}

/// A message of any kind, read and written by the code under test.
struct Codec: Sendable {
    let name: String
    /// Reads the bytes and drops the message.
    let decode: @Sendable (UnsafeRawBufferPointer, Int16) throws(DecodeError) -> Void
    /// Reads the bytes and writes the message again.
    let reencode: @Sendable (UnsafeRawBufferPointer, Int16) throws -> Reencoded

    static let all: [String: Codec] = {
        let special = [produceRequest, produceResponse, fetchRequest, fetchResponse, requestHeader, responseHeader]
        let codecs = special + allMessages.map { plain($0) }
        return Dictionary(uniqueKeysWithValues: codecs.map { ($0.name, $0) })
    }()

    private static func plain(_ type: (some KafkaMessage).Type) -> Codec {
        Codec(name: String(describing: type)) { bytes, version throws(DecodeError) in
            var cursor = ByteCursor(bytes)
            _ = try type.init(from: &cursor, version: version)
        } reencode: { bytes, version in
            var cursor = ByteCursor(bytes)
            let message = try type.init(from: &cursor, version: version)
            var writer = ByteWriter()
            try message.encode(into: &writer, version: version)
            return Reencoded(bytes: writer.bytes, trailing: cursor.remaining)
        }
    }

    private static let requestHeader = Codec(name: "RequestHeader") { bytes, version throws(DecodeError) in
        var cursor = ByteCursor(bytes)
        _ = try RequestHeader(from: &cursor, headerVersion: version)
    } reencode: { bytes, version in
        var cursor = ByteCursor(bytes)
        let header = try RequestHeader(from: &cursor, headerVersion: version)
        var writer = ByteWriter()
        try header.encode(into: &writer, headerVersion: version)
        return Reencoded(bytes: writer.bytes, trailing: cursor.remaining)
    }

    private static let responseHeader = Codec(name: "ResponseHeader") { bytes, version throws(DecodeError) in
        var cursor = ByteCursor(bytes)
        _ = try ResponseHeader(from: &cursor, headerVersion: version)
    } reencode: { bytes, version in
        var cursor = ByteCursor(bytes)
        let header = try ResponseHeader(from: &cursor, headerVersion: version)
        var writer = ByteWriter()
        header.encode(into: &writer, headerVersion: version)
        return Reencoded(bytes: writer.bytes, trailing: cursor.remaining)
    }
}

func text(_ bytes: UnsafeRawBufferPointer) -> String { String(decoding: bytes, as: UTF8.self) }

func bytes(hex: some StringProtocol) -> [UInt8] {
    let digits = Array(hex.utf8)
    func value(_ digit: UInt8) -> UInt8 { digit < 0x3A ? digit - 0x30 : digit - 0x57 }
    return stride(from: 0, to: digits.count - 1, by: 2).map { value(digits[$0]) << 4 | value(digits[$0 + 1]) }
}

func hex(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}
