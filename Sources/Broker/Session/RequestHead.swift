import Bytes
import KafkaProtocol

/// The header of one request, read without allocating: the client id stays bytes of the frame.
struct RequestHead {
    let apiKey: Int16
    let version: Int16
    let correlationID: Int32
    private let clientIDBytes: UnsafeRawBufferPointer

    /// Reads the part that every header version has. The tagged fields of a flexible header are read by `skipTags`, once
    /// it is known that the api and its version exist.
    init(from cursor: inout ByteCursor) throws(DecodeError) {
        apiKey = try cursor.int16()
        version = try cursor.int16()
        correlationID = try cursor.int32()
        let length = try cursor.stringLength(compact: false) ?? 0
        clientIDBytes = try cursor.take(length)
    }

    /// The client id; empty for null, as in Kafka. Valid only while the frame is.
    var clientID: String { String(decoding: clientIDBytes, as: UTF8.self) }
}
