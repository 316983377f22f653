import Bytes
import KafkaProtocol
import Testing

@Suite("Produce")
struct ProduceTests {
    private let id = UUID(high: 0x0102_0304_0506_0708, low: 0x090A_0B0C_0D0E_0F10)
    private let idBytes: [UInt8] = Array(1...16)

    @Test("A request by name, classic: everything stays where it lies")
    func classicRequest() throws {
        var frame = wire(
            int16(-1), int16(-1), int32(1500), int32(1), int16(5), "topic", int32(2), int32(3), int32(4), "abcd",
            int32(9), int32(-1), 0xEE)
        try frame.withUnsafeMutableBytes { frame in
            let view = try ProduceRequestView(frame, version: 3)
            #expect(view.transactionalId == nil && view.acks == -1 && view.timeoutMs == 1500)
            #expect(view.trailingByteCount == 1 && view.topics.count == 1)
            let topics = Array(view.topics)
            let topic = try #require(topics.first)
            #expect(topic.name.text == "topic" && topic.topicId.isZero && topics.count == 1)
            let partitions = Array(topic.partitions)
            #expect(partitions.map(\.index) == [3, 9])
            #expect(partitions[0].records?.text == "abcd" && partitions[1].records == nil)
            let records = try #require(partitions[0].records(in: frame))
            records[0] = UInt8(ascii: "X")
            #expect(topic.partitions.first { $0.index == 3 }?.records?.text == "Xbcd")
            #expect(partitions[1].records(in: frame) == nil)
        }
        #expect(frame.contains(UInt8(ascii: "X")))
    }

    @Test("A request by id, flexible, with tagged fields in every structure")
    func flexibleRequest() throws {
        let tags = wire(1, 77, 2, "zz")
        let frame = wire(
            3, "tx", int16(1), int32(30), 2, idBytes, 2, int32(5), 1, tags, tags, tags)
        try frame.withUnsafeBytes { frame in
            let view = try ProduceRequestView(frame, version: 13)
            #expect(view.transactionalId?.text == "tx" && view.acks == 1)
            let topics = Array(view.topics)
            #expect(topics.map(\.topicId) == [id] && topics[0].name.isEmpty)
            let partition = try #require(topics[0].partitions.first { _ in true })
            #expect(partition.index == 5 && partition.records?.count == 0)
        }
    }

    @Test("What is no request is an error", arguments: [3, 9, 13] as [Int16])
    func malformed(version: Int16) {
        let compact = version >= 9
        let none: [UInt8] = compact ? [0] : int16(-1)
        let end: [UInt8] = compact ? [0] : []
        let head = wire(none, int16(1), int32(30))
        let name = version >= 13 ? idBytes : compact ? wire(2, "t") : wire(int16(1), "t")
        func count(_ count: Int32) -> [UInt8] { compact ? [UInt8(count + 1)] : int32(count) }
        func error(_ frame: [UInt8]) -> DecodeError? {
            frame.withUnsafeBytes { frame in
                do throws(DecodeError) { _ = try ProduceRequestView(frame, version: version) } catch { return error }
                return nil
            }
        }
        #expect(error(wire(head, count(0), end)) == nil)
        #expect(error(wire(head, count(-1))) == .unexpectedNull)
        #expect(error(wire(head, count(100))) == .invalidLength)
        #expect(error(wire(head, count(1), name, count(1), int32(0), count(9), "short")) == .truncated)
        if version == 9 { #expect(error(wire(head, count(1), 2, 0xFF, count(0), 0, 0)) == .invalidText) }
        if version == 9 {
            let long = wire(head, count(1), 0x81, 0x80, 2, [UInt8](repeating: 0x61, count: 40_000))
            #expect(error(long) == .invalidLength)
        }
    }

    @Test("Versions outside the range are refused", arguments: [-1, 2, 14] as [Int16])
    func versions(version: Int16) {
        #expect(throws: DecodeError.unsupportedVersion) {
            try [UInt8](repeating: 0, count: 64).withUnsafeBytes { _ = try ProduceRequestView($0, version: version) }
        }
    }

    @Test("A response by name, classic")
    func classicResponse() throws {
        var writer = ByteWriter()
        var response = ProduceResponseWriter(version: 8, topicCount: 1, into: &writer)
        try "topic".withContiguousText { name in
            response.beginTopic(name: name, topicId: id, partitionCount: 2, into: &writer)
            try response.partition(
                ProduceResponsePartition(index: 3, baseOffset: 100, logStartOffset: 7), into: &writer)
            try response.partition(
                ProduceResponsePartition(
                    index: 4, errorCode: .invalidRecord, recordErrors: [.init(batchIndex: 2, message: "bad")],
                    errorMessage: "no", currentLeader: LeaderIdAndEpoch(leaderId: 1, leaderEpoch: 2)),
                into: &writer)
        }
        response.endTopic(into: &writer)
        try response.end(throttleTimeMs: 11, into: &writer)
        #expect(
            writer.bytes
                == wire(
                    int32(1), int16(5), "topic", int32(2), int32(3), int16(0), int64(100), int64(-1), int64(7),
                    int32(0), int16(-1), int32(4), int16(87), int64(-1), int64(-1), int64(-1), int32(1), int32(2),
                    int16(3), "bad", int16(2), "no", int32(11)))
    }

    @Test("A response by id, with the leader and its endpoint")
    func flexibleResponse() throws {
        var writer = ByteWriter()
        var response = ProduceResponseWriter(version: 13, topicCount: 1, into: &writer)
        response.beginTopic(
            name: UnsafeRawBufferPointer(start: nil, count: 0), topicId: id, partitionCount: 1, into: &writer)
        let leader = LeaderIdAndEpoch(leaderId: 2, leaderEpoch: 6)
        try response.partition(
            ProduceResponsePartition(index: 0, errorCode: .notLeaderOrFollower, currentLeader: leader), into: &writer)
        response.endTopic(into: &writer)
        let endpoint = NodeEndpoint(nodeId: 2, host: "h", port: 9092)
        try response.end(nodeEndpoints: [endpoint], into: &writer)
        let bytes = wire(
            2, idBytes, 2, int32(0), int16(6), int64(-1), int64(-1), int64(-1), 1, 0, 1, 0, 9, int32(2), int32(6), 0,
            0, int32(0), 1, 0, 13, 2, int32(2), 2, "h", int32(9092), 0, 0)
        #expect(writer.bytes == bytes)
        try bytes.withUnsafeBytes { bytes in
            let view = try ProduceResponseView(bytes, version: 13)
            #expect(view.nodeEndpoints == [endpoint] && view.throttleTimeMs == 0 && view.trailingByteCount == 0)
            let partition = try #require(view.topics.first { $0.topicId == id }?.partitions.first { _ in true })
            #expect(partition.currentLeader == leader && partition.errorCode == .notLeaderOrFollower)
        }
    }

    @Test("Announced counts are kept")
    func counts() async {
        await #expect(processExitsWith: .failure) {
            var writer = ByteWriter()
            let response = ProduceResponseWriter(version: 3, topicCount: 1, into: &writer)
            try response.end(into: &writer)
        }
    }
}

extension String {
    func withContiguousText<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        var text = self
        return try text.withUTF8 { try body(UnsafeRawBufferPointer($0)) }
    }
}
