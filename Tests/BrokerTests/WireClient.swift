import Bytes
import Glibc
import KafkaProtocol
import KafkaProtocolMore
import Records
import Testing

/// One blocking connection that speaks Kafka's protocol, for tests.
final class WireClient {
    private let descriptor: Int32
    private let clientID: String
    private var correlation: Int32 = 0

    struct Closed: Error {}

    init(port: UInt16, clientID: String = "test") throws {
        self.clientID = clientID
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(result == 0)
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    /// Sends a request and reads its answer.
    func ask<Request: KafkaRequest>(_ request: Request, version: Int16) throws -> Request.Response {
        try send(Request.apiKey, version: version) { (writer) throws(EncodeError) in
            try request.encode(into: &writer, version: version)
        }
        return try receive(Request.apiKey, version: version) { (cursor) throws(DecodeError) in
            try Request.Response(from: &cursor, version: version)
        }
    }

    func send(
        _ key: ApiKey, version: Int16, _ body: (inout ByteWriter) throws(EncodeError) -> Void
    ) throws {
        correlation += 1
        var writer = ByteWriter()
        writer.write(Int32(0))
        try RequestHeader(apiKey: key, version: version, correlationId: correlation, clientId: clientID)
            .encode(into: &writer)
        try body(&writer)
        writer.overwrite(Int32(writer.count - 4), at: 0)
        try write(writer.bytes)
    }

    func receive<Answer>(
        _ key: ApiKey, version: Int16, _ body: (inout ByteCursor) throws(DecodeError) -> Answer
    ) throws -> Answer {
        let length = try read(4).withUnsafeBytes { Int(Int32(bigEndian: $0.loadUnaligned(as: Int32.self))) }
        return try read(length).withUnsafeBytes { bytes in
            var cursor = ByteCursor(bytes)
            _ = try ResponseHeader(from: &cursor, headerVersion: key.responseHeaderVersion(version))
            return try body(&cursor)
        }
    }

    private func write(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, 0) }
            guard count > 0 else { throw Closed() }
            sent += count
        }
    }

    private func read(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var got = 0
        while got < count {
            let more = bytes[got...].withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
            guard more > 0 else { throw Closed() }
            got += more
        }
        return bytes
    }
}

extension WireClient {
    func createTopic(_ name: String, partitions: Int32 = 1, settings: [String: String] = [:]) throws {
        try sendCreateTopic(name, partitions: partitions, settings: settings)
        #expect(try receiveCreatedTopic() == ErrorCode.none)
    }

    func sendCreateTopic(
        _ name: String, partitions: Int32, settings: [String: String] = [:], validateOnly: Bool = false
    ) throws {
        var topic = CreateTopicsRequest.CreatableTopic()
        topic.name = name
        topic.numPartitions = partitions
        topic.replicationFactor = 1
        topic.configs = settings.map { name, value in
            var setting = CreateTopicsRequest.CreatableTopicConfig()
            setting.name = name
            setting.value = value
            return setting
        }
        var request = CreateTopicsRequest()
        request.topics = [topic]
        request.validateOnly = validateOnly
        try send(.createTopics, version: 7) { (writer) throws(EncodeError) in
            try request.encode(into: &writer, version: 7)
        }
    }

    func receiveCreatedTopic() throws -> ErrorCode? {
        let response = try receive(.createTopics, version: 7) { (cursor) throws(DecodeError) in
            try CreateTopicsResponse(from: &cursor, version: 7)
        }
        return response.topics.first.map { ErrorCode(rawValue: $0.errorCode) }
    }

    func sendDeleteTopic(_ name: String) throws {
        var request = DeleteTopicsRequest()
        request.topicNames = [name]
        request.timeoutMs = 10_000
        try send(.deleteTopics, version: 4) { (writer) throws(EncodeError) in
            try request.encode(into: &writer, version: 4)
        }
    }

    func receiveDeletedTopic() throws {
        let response = try receive(.deleteTopics, version: 4) { (cursor) throws(DecodeError) in
            try DeleteTopicsResponse(from: &cursor, version: 4)
        }
        #expect(response.responses.map(\.errorCode) == [0])
    }

    /// One batch of one record; what the answer says of its partition.
    func produce(
        _ value: [UInt8], to topic: String, partition: Int32 = 0, acks: Int16 = -1
    ) throws -> (error: ErrorCode, baseOffset: Int64, batchSize: Int) {
        let batch = Self.batch(value)
        try sendProduce(batch, to: topic, partition: partition, acks: acks)
        let answer = try receiveProduced()
        return (answer.error, answer.baseOffset, batch.count)
    }

    static func batch(_ value: [UInt8]) -> [UInt8] {
        var writer = ByteWriter()
        var record = ByteWriter()
        record.write(Int8(0))
        record.writeVarlong(0)
        record.writeVarint(0)
        record.writeVarint(-1)
        record.writeVarint(Int32(value.count))
        record.write(value)
        record.writeVarint(0)
        writer.write(Int64(0))
        writer.write(Int32(49 + record.count + (record.count < 64 ? 1 : record.count < 8192 ? 2 : 3)))
        writer.write(Int32(-1))
        writer.write(Int8(2))
        writer.write(UInt32(0))
        writer.write(Int16(0))
        writer.write(Int32(0))
        writer.write(Int64(-1))
        writer.write(Int64(-1))
        writer.write(Int64(-1))
        writer.write(Int16(-1))
        writer.write(Int32(-1))
        writer.write(Int32(1))
        writer.writeVarint(Int32(record.count))
        record.withUnsafeBytes { writer.write($0) }
        let checksum = writer.withUnsafeBytes { CRC32C.of(UnsafeRawBufferPointer(rebasing: $0[21...])) }
        writer.overwrite(Int32(bitPattern: checksum), at: 17)
        return writer.bytes
    }

    func sendProduce(_ batch: [UInt8], to topic: String, partition: Int32, acks: Int16 = -1) throws {
        try send(.produce, version: 7) { (writer) throws(EncodeError) in
            try writer.write(nil as String?, compact: false)
            writer.write(acks)
            writer.write(Int32(10_000))
            writer.write(Int32(1))
            try writer.write(topic, compact: false)
            writer.write(Int32(1))
            writer.write(partition)
            try writer.write(batch, compact: false)
        }
    }

    func receiveProduced() throws -> (error: ErrorCode, baseOffset: Int64) {
        try receive(.produce, version: 7) { (cursor) throws(DecodeError) in
            try cursor.skip(4)
            _ = try cursor.string(compact: false)
            try cursor.skip(8)
            return (ErrorCode(rawValue: try cursor.int16()), try cursor.int64())
        }
    }

    /// The throttle time in the answer to a produce of one partition.
    func receiveProducedThrottle() throws -> Int32 {
        try receive(.produce, version: 7) { (cursor) throws(DecodeError) in
            try cursor.skip(4)
            _ = try cursor.string(compact: false)
            try cursor.skip(4 + 4 + 2 + 8 + 8 + 8)
            return try cursor.int32()
        }
    }

    /// The records field that a Fetch of version 4 from `offset` on returns.
    func fetch(
        _ topic: String, partition: Int32 = 0, from offset: Int64, maximumWait: Int32 = 0,
        maximumBytes: Int32 = 1 << 20
    ) throws -> (error: ErrorCode, highWatermark: Int64, records: [UInt8]) {
        try sendFetch(
            topic, partition: partition, from: offset, maximumWait: maximumWait, maximumBytes: maximumBytes)
        return try receiveFetched()
    }

    func sendFetch(
        _ topic: String, partition: Int32, from offset: Int64, maximumWait: Int32, minimumBytes: Int32 = 1,
        maximumBytes: Int32 = 1 << 20
    ) throws {
        try send(.fetch, version: 4) { (writer) throws(EncodeError) in
            writer.write(Int32(-1))
            writer.write(maximumWait)
            writer.write(minimumBytes)
            writer.write(maximumBytes)
            writer.write(Int8(0))
            writer.write(Int32(1))
            try writer.write(topic, compact: false)
            writer.write(Int32(1))
            writer.write(partition)
            writer.write(offset)
            writer.write(maximumBytes)
        }
    }

    func receiveFetched() throws -> (error: ErrorCode, highWatermark: Int64, records: [UInt8]) {
        try receive(.fetch, version: 4) { (cursor) throws(DecodeError) in
            try cursor.skip(8)
            _ = try cursor.string(compact: false)
            try cursor.skip(8)
            let error = ErrorCode(rawValue: try cursor.int16())
            let highWatermark = try cursor.int64()
            try cursor.skip(12)
            return (error, highWatermark, try cursor.nullableBytes(compact: false) ?? [])
        }
    }

    /// A Fetch of version 7 of one partition in a session: epoch 0 opens one, -1 closes it.
    func sendSessionFetch(_ topic: String, from offset: Int64, session: Int32, epoch: Int32) throws {
        try send(.fetch, version: 7) { (writer) throws(EncodeError) in
            writer.write(Int32(-1))
            writer.write(Int32(0))
            writer.write(Int32(1))
            writer.write(Int32(16 << 20))
            writer.write(Int8(0))
            writer.write(session)
            writer.write(epoch)
            writer.write(Int32(1))
            try writer.write(topic, compact: false)
            writer.write(Int32(1))
            writer.write(Int32(0))
            writer.write(offset)
            writer.write(Int64(-1))
            writer.write(Int32(16 << 20))
            writer.write(Int32(0))
        }
    }

    /// The same with what the session has to say of one partition; nil for nothing.
    func receiveThrottledFetch() throws -> (throttleMs: Int32, session: Int32, records: [UInt8]?) {
        try receive(.fetch, version: 7) { (cursor) throws(DecodeError) in
            let throttleMs = try cursor.int32()
            try cursor.skip(2)
            let session = try cursor.int32()
            guard try cursor.int32() == 1 else { return (throttleMs, session, nil) }
            _ = try cursor.string(compact: false)
            try cursor.skip(4 + 4 + 2 + 8 + 8 + 8 + 4)
            return (throttleMs, session, try cursor.nullableBytes(compact: false) ?? [])
        }
    }

    func receiveSessionFetch() throws -> (error: ErrorCode, session: Int32) {
        try receive(.fetch, version: 7) { (cursor) throws(DecodeError) in
            try cursor.skip(4)
            return (ErrorCode(rawValue: try cursor.int16()), try cursor.int32())
        }
    }
}
