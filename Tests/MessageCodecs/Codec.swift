import Bytes
import KafkaProtocol
import KafkaProtocolMore

/// What the codec under test made of some bytes.
package struct Reencoded {
    package var bytes: [UInt8]
    /// Bytes that were left unread.
    package var trailing: Int
}

/// A message of any kind, read and written by the code under test.
package struct Codec: Sendable {
    package let name: String
    /// Reads the bytes and drops the message.
    package let decode: @Sendable (UnsafeRawBufferPointer, Int16) throws(DecodeError) -> Void
    /// Reads the bytes and writes the message again.
    package let reencode: @Sendable (UnsafeRawBufferPointer, Int16) throws -> Reencoded

    package static let all: [String: Codec] = {
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
