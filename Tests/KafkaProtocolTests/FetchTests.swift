import Bytes
import KafkaProtocol
import Testing

@Suite("Fetch")
struct FetchTests {
    private let id = UUID(high: 0x0102_0304_0506_0708, low: 0x090A_0B0C_0D0E_0F10)
    private let idBytes: [UInt8] = Array(1...16)

    @Test("A consumer's request in the oldest version: what it lacks has its default")
    func oldestRequest() throws {
        let frame = wire(
            int32(-1), int32(500), int32(1), int32(1 << 20), 1, int32(1), int16(1), "t", int32(1), int32(4), int64(77),
            int32(4096))
        try frame.withUnsafeBytes { frame in
            let view = try FetchRequestView(frame, version: 4)
            #expect(view.parameters.replicaId == -1 && view.parameters.maxWaitMs == 500)
            #expect(view.parameters.isolationLevel == 1 && view.parameters.sessionEpoch == -1)
            #expect(view.forgottenTopics.count == 0 && view.rackId.isEmpty && view.clusterId == nil)
            let topic = try #require(view.topics.first { _ in true })
            #expect(topic.name.text == "t")
            let partition = try #require(topic.partitions.first { _ in true })
            #expect(partition == FetchPartition(index: 4, fetchOffset: 77, partitionMaxBytes: 4096))
            #expect(partition.highWatermark == .max && partition.replicaDirectoryId.isZero)
        }
    }

    @Test("A follower's request in the newest version: state and high watermark in tagged fields")
    func newestRequest() throws {
        var partition = FetchPartition(index: 4, fetchOffset: 77, partitionMaxBytes: 4096)
        partition.currentLeaderEpoch = 3
        partition.lastFetchedEpoch = 2
        partition.logStartOffset = 10
        partition.replicaDirectoryId = id
        partition.highWatermark = 70
        var parameters = FetchParameters()
        parameters.replicaId = 5
        parameters.replicaEpoch = 99
        parameters.maxWaitMs = 500
        parameters.minBytes = 1
        parameters.sessionId = 8
        parameters.sessionEpoch = 9
        var writer = ByteWriter()
        var request = try FetchRequestWriter(version: 18, parameters: parameters, topicCount: 1, into: &writer)
        try request.beginTopic(name: "unused", topicId: id, partitionCount: 1, into: &writer)
        request.partition(partition, into: &writer)
        request.endTopic(into: &writer)
        try request.beginForgottenTopics(count: 1, into: &writer)
        try request.forgottenTopic(name: "unused", topicId: id, partitions: [1, 2], into: &writer)
        try request.end(rackId: "r", clusterId: "c", into: &writer)
        let bytes = wire(
            int32(500), int32(1), int32(.max), 0, int32(8), int32(9), 2, idBytes, 2, int32(4), int32(3), int64(77),
            int32(2), int64(10), int32(4096), 2, 0, 16, idBytes, 1, 8, int64(70), 0, 2, idBytes, 3, int32(1), int32(2),
            0, 2, "r", 2, 0, 2, 2, "c", 1, 13, int32(5), int64(99), 0)
        #expect(writer.bytes == bytes)
        try bytes.withUnsafeBytes { bytes in
            let view = try FetchRequestView(bytes, version: 18)
            #expect(view.parameters == parameters && view.clusterId?.text == "c" && view.rackId.text == "r")
            let topic = try #require(view.topics.first { _ in true })
            #expect(topic.topicId == id && Array(topic.partitions) == [partition])
            let forgotten = try #require(view.forgottenTopics.first { _ in true })
            #expect(forgotten.topicId == id && forgotten.partitions.map(\.index) == [1, 2])
        }
    }

    @Test("Forgotten topics need a version with sessions")
    func forgottenTopics() {
        #expect(throws: EncodeError.unsupportedField) {
            var writer = ByteWriter()
            var request = try FetchRequestWriter(
                version: 6, parameters: FetchParameters(), topicCount: 0, into: &writer)
            try request.beginForgottenTopics(count: 1, into: &writer)
        }
    }

    @Test("Records need not pass through the writer, and the throttle time may come last")
    func responseAroundRecords() throws {
        var partition = FetchResponsePartition(
            index: 4, highWatermark: 80, lastStableOffset: 79, logStartOffset: 10,
            abortedTransactions: [.init(producerId: 6, firstOffset: 12)])
        partition.divergingEpoch = .init(epoch: 2, endOffset: 50)
        partition.snapshotId = .init(endOffset: 40, epoch: 1)
        var writer = ByteWriter()
        var response = FetchResponseWriter(version: 18, errorCode: .none, sessionId: 8, topicCount: 1, into: &writer)
        response.beginTopic(
            name: UnsafeRawBufferPointer(start: nil, count: 0), topicId: id, partitionCount: 1, into: &writer)
        response.beginPartition(partition, recordsLength: 200, into: &writer)
        let split = writer.count
        response.endPartition(partition, into: &writer)
        response.endTopic(into: &writer)
        try response.end(into: &writer)
        response.setThrottleTime(33, in: &writer)
        let records = [UInt8](repeating: 0x55, count: 200)
        let before = wire(
            int32(33), int16(0), int32(8), 2, idBytes, 2, int32(4), int16(0), int64(80), int64(79), int64(10), 2,
            int64(6), int64(12), 0, int32(-1), 0xC9, 0x01)
        let after = wire(2, 0, 13, int32(2), int64(50), 0, 2, 13, int64(40), int32(1), 0, 0, 0)
        #expect(writer.bytes == wire(before, after) && split == before.count)
        try wire(before, records, after).withUnsafeBytes { bytes in
            let view = try FetchResponseView(bytes, version: 18)
            #expect(view.throttleTimeMs == 33 && view.sessionId == 8 && view.trailingByteCount == 0)
            let back = try #require(view.topics.first { _ in true }?.partitions.first { _ in true })
            #expect(back.records.map { [UInt8]($0) } == records)
            #expect(back.header.divergingEpoch == partition.divergingEpoch && back.header.currentLeader == nil)
            #expect(back.header.abortedTransactions == partition.abortedTransactions)
        }
    }

    @Test("A response in the oldest version")
    func oldestResponse() throws {
        var writer = ByteWriter()
        var response = FetchResponseWriter(version: 4, throttleTimeMs: 1, topicCount: 1, into: &writer)
        "t".withContiguousText { name in
            response.beginTopic(name: name, topicId: id, partitionCount: 2, into: &writer)
            "rec".withContiguousText { records in
                response.partition(
                    FetchResponsePartition(index: 0, highWatermark: 5, lastStableOffset: 5), records: records,
                    into: &writer)
            }
            response.partition(
                FetchResponsePartition(index: 1, errorCode: .offsetOutOfRange), records: nil, into: &writer)
        }
        response.endTopic(into: &writer)
        try response.end(into: &writer)
        #expect(
            writer.bytes
                == wire(
                    int32(1), int32(1), int16(1), "t", int32(2), int32(0), int16(0), int64(5), int64(5), int32(-1),
                    int32(3), "rec", int32(1), int16(1), int64(-1), int64(-1), int32(-1), int32(-1)))
    }
}
