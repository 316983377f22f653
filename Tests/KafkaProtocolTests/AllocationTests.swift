import Bytes
import CAllocations
import KafkaProtocol
import Testing

@Suite("The hot path", .enabled(if: allocations_are_counted() != 0, "a sanitizer has its own malloc"))
struct AllocationTests {
    private func produceRequest() throws -> [UInt8] {
        var writer = ByteWriter()
        var request = try ProduceRequestWriter(version: 9, acks: -1, timeoutMs: 1500, topicCount: 2, into: &writer)
        for name in ["a-topic-with-a-name-of-usual-length", "another"] {
            try request.beginTopic(name: name, topicId: .zero, partitionCount: 3, into: &writer)
            for index: Int32 in 0..<3 {
                name.withContiguousText { request.partition(index, records: $0, into: &writer) }
            }
            request.endTopic(into: &writer)
        }
        request.end(into: &writer)
        return writer.bytes
    }

    /// The peak of memory while `body` runs for the second time: the first use of a type may let the runtime take some.
    private func peak(of body: (inout ByteWriter) throws -> Void) throws -> Int {
        var peak = 0
        for _ in 0..<2 {
            var writer = ByteWriter(capacity: 4096)
            allocations_begin()
            try body(&writer)
            peak = Int(allocations_peak())
            #expect(writer.count > 100)
        }
        return peak
    }

    @Test("Reading a Produce request and writing its response takes no memory")
    func produce() throws {
        let frame = try produceRequest()
        let peak = try peak { writer in
            try frame.withUnsafeBytes { frame in
                let view = try ProduceRequestView(frame, version: 9)
                var response = ProduceResponseWriter(version: 9, topicCount: view.topics.count, into: &writer)
                for topic in view.topics {
                    response.beginTopic(
                        name: topic.name, topicId: topic.topicId, partitionCount: topic.partitions.count, into: &writer)
                    for partition in topic.partitions {
                        let result = ProduceResponsePartition(index: partition.index, baseOffset: 7)
                        try response.partition(result, into: &writer)
                    }
                    response.endTopic(into: &writer)
                }
                try response.end(into: &writer)
            }
        }
        #expect(peak == 0)
    }

    @Test("Reading a Fetch request and writing its response takes no memory for a partition")
    func fetch() throws {
        var request = ByteWriter()
        var fetch = try FetchRequestWriter(
            version: 17, parameters: FetchParameters(), topicCount: 1, into: &request)
        try fetch.beginTopic(name: "", topicId: .metadataTopic, partitionCount: 20, into: &request)
        for index: Int32 in 0..<20 {
            fetch.partition(FetchPartition(index: index, fetchOffset: 5, partitionMaxBytes: 100), into: &request)
        }
        fetch.endTopic(into: &request)
        try fetch.beginForgottenTopics(count: 0, into: &request)
        try fetch.end(into: &request)
        let frame = request.finish()
        let peak = try peak { writer in
            try frame.withUnsafeBytes { frame in
                let view = try FetchRequestView(frame, version: 17)
                var response = FetchResponseWriter(version: 17, topicCount: view.topics.count, into: &writer)
                for topic in view.topics {
                    response.beginTopic(
                        name: topic.name, topicId: topic.topicId, partitionCount: topic.partitions.count, into: &writer)
                    for partition in topic.partitions {
                        let header = FetchResponsePartition(
                            index: partition.index, highWatermark: 9, lastStableOffset: 9)
                        response.beginPartition(header, recordsLength: 1000, into: &writer)
                        response.endPartition(header, into: &writer)
                    }
                    response.endTopic(into: &writer)
                }
                try response.end(into: &writer)
            }
        }
        // Once for all 20 partitions, in an unoptimised build.
        #expect(peak <= 64)
    }
}
