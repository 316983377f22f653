import Bytes
import KafkaProtocol

/// One request as its handler gets it.
struct Request {
    let version: Int16
    let correlationID: Int32
    let key: ApiKey
    /// What follows the header: a part of the frame, valid until the end of the tick, which may be changed in place.
    let body: UnsafeMutableRawBufferPointer
    /// Counts the requests of a connection.
    let number: UInt64
    private let head: RequestHead

    init(head: RequestHead, key: ApiKey, body: UnsafeMutableRawBufferPointer, number: UInt64) {
        self.head = head
        self.key = key
        self.body = body
        self.number = number
        version = head.version
        correlationID = head.correlationID
    }

    var reply: Reply { Reply(key: key, version: version, correlationID: correlationID) }

    /// Valid only while the handler runs.
    var clientID: String { head.clientID }

    /// The body as a message. Bytes that follow it are ignored, as Kafka does.
    ///
    /// - Parameter maximumElements: what its arrays may hold in all. A few bytes in a frame may stand for an element that
    ///   takes hundreds, and its work, so a request with arrays names a limit (`RequestLimits`).
    func decode<Message: KafkaMessage>(
        _: Message.Type, maximumElements: Int = .max
    ) throws(DecodeError) -> Message {
        var cursor = ByteCursor(UnsafeRawBufferPointer(body))
        cursor.elementsLeft = maximumElements
        return try Message(from: &cursor, version: version)
    }
}
