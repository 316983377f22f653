import Bytes
import KafkaProtocol
import MessageCodecs

/// Requests and responses of every API in every version, and the contents of internal topics.
///
/// What is read has to be written again, and what was written has to be read to the same.
enum Messages {
    private static let requests = byKey("Request")
    private static let responses = byKey("Response")
    /// What is neither: keys and values of internal topics' records, and data inside other messages.
    private static let contents: [Codec] = {
        let known = Set([requests, responses].flatMap { $0.values.map(\.name) })
        return Codec.all.values.filter { !known.contains($0.name) }.sorted { $0.name < $1.name }
    }()

    private static func byKey(_ suffix: String) -> [ApiKey: Codec] {
        var codecs: [ApiKey: Codec] = [:]
        for row in ApiVersionTable.all { codecs[row.key] = Codec.all[row.name + suffix] }
        return codecs
    }

    /// A frame as a broker gets it, without its length.
    static func runRequest(_ frame: UnsafeRawBufferPointer) {
        var cursor = ByteCursor(frame)
        guard let header = try? RequestHeader(from: &cursor), let key = header.apiKey else { return }
        var writer = ByteWriter()
        requireSuccess("a header that was read cannot be written") { try header.encode(into: &writer) }
        let again = requireSuccess("a header that was written cannot be read") {
            try writer.withUnsafeBytes { bytes in
                var cursor = ByteCursor(bytes)
                return try RequestHeader(from: &cursor)
            }
        }
        require(
            again.correlationId == header.correlationId && again.clientId == header.clientId,
            "a header changed when it was written")
        guard let codec = requests[key] else { fatalError("no request for \(key.name)") }
        roundTrip(cursor.rest, header.requestApiVersion, codec)
    }

    /// Key and version of the request, then a frame as a client gets it, without its length.
    static func runResponse(_ input: inout FuzzInput) {
        guard let key = ApiKey(rawValue: input.int16()) else { return }
        let version = input.int16()
        var cursor = ByteCursor(input.rest)
        guard (try? ResponseHeader(from: &cursor, headerVersion: key.responseHeaderVersion(version))) != nil else {
            return
        }
        guard let codec = responses[key] else { fatalError("no response for \(key.name)") }
        roundTrip(cursor.rest, version, codec)
    }

    static func runContent(_ input: inout FuzzInput) {
        let codec = contents[Int(input.byte()) % contents.count]
        roundTrip(input.rest, input.int16(), codec)
    }

    private static func roundTrip(_ bytes: UnsafeRawBufferPointer, _ version: Int16, _ codec: Codec) {
        do { try codec.decode(bytes, version) } catch { return }
        let first = requireSuccess("\(codec.name) \(version) was read and cannot be written") {
            try codec.reencode(bytes, version)
        }
        let second = requireSuccess("\(codec.name) \(version) was written and cannot be read") {
            try first.bytes.withUnsafeBytes { try codec.reencode($0, version) }
        }
        require(
            second.trailing == 0 && first.bytes == second.bytes, "\(codec.name) \(version) changed when it was written")
    }
}
