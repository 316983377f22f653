import KafkaProtocol
import KafkaProtocolMore
import MartletTesting
import Testing

/// Requests that are answered with a row per partition: some rows are known at once, some come from other shards.
@Suite struct PartitionRowsTests {
    @Test(arguments: [1, 3]) func offsetsAreListedInTheOrderAskedFor(shards: Int) throws {
        let broker = try TestBroker(settings: ["martlet.shards": "\(shards)"])
        defer { broker.stop() }
        let client = try WireClient(port: broker.port)
        try client.createTopic("t", partitions: 6)
        for partition in Int32(0)..<6 {
            for _ in 0..<partition { _ = try client.produce([1], to: "t", partition: partition) }
        }
        var request = ListOffsetsRequest()
        request.replicaId = -1
        request.topics = [
            topic("t", [(5, -1), (0, -1), (9, -1), (3, -2), (4, -1), (2, 7), (2, 7), (1, -99), (1, -1)]),
            topic("missing", [(0, -1)]), topic("t", [(1, -1), (2, -6)]),
        ]
        let response = try client.ask(request, version: 10)
        #expect(response.topics.map(\.name) == ["t", "missing", "t"])
        let rows = response.topics.map {
            $0.partitions.map { [Int64($0.partitionIndex), Int64($0.errorCode), $0.offset] }
        }
        #expect(
            rows == [
                // A partition that is named twice is refused, once.
                [[5, 0, 5], [0, 0, 0], [9, 3, -1], [3, 0, 0], [4, 0, 4], [2, 42, -1], [1, 42, -1]],
                [[0, 3, -1]],
                // Only version 11 knows -6.
                [[1, 0, 1], [2, 35, -1]],
            ])
    }

    private func topic(_ name: String, _ wanted: [(Int32, Int64)]) -> ListOffsetsRequest.ListOffsetsTopic {
        var topic = ListOffsetsRequest.ListOffsetsTopic()
        topic.name = name
        topic.partitions = wanted.map { index, timestamp in
            var partition = ListOffsetsRequest.ListOffsetsPartition()
            partition.partitionIndex = index
            partition.timestamp = timestamp
            return partition
        }
        return topic
    }

    @Test(arguments: [1, 3]) func recordsAreDeletedOnEveryShard(shards: Int) throws {
        let broker = try TestBroker(settings: ["martlet.shards": "\(shards)"])
        defer { broker.stop() }
        let client = try WireClient(port: broker.port)
        try client.createTopic("t", partitions: 4)
        for partition in Int32(0)..<4 {
            for _ in 0..<3 { _ = try client.produce([1], to: "t", partition: partition) }
        }
        var request = DeleteRecordsRequest()
        request.timeoutMs = 10_000
        request.topics = [
            deletion("t", [(3, 2), (0, -1), (7, 0), (1, 4), (2, 1)]), deletion("__consumer_offsets", [(0, 0)]),
            deletion("missing", [(0, 0)]),
        ]
        let response = try client.ask(request, version: 2)
        let rows = response.topics.map {
            $0.partitions.map { [Int64($0.partitionIndex), Int64($0.errorCode), $0.lowWatermark] }
        }
        #expect(
            rows == [[[3, 0, 2], [0, 0, 3], [7, 3, -1], [1, 1, -1], [2, 0, 1]], [[0, 17, -1]], [[0, 3, -1]]])
        #expect(try client.fetch("t", partition: 3, from: 1).error == .offsetOutOfRange)
    }

    private func deletion(_ name: String, _ wanted: [(Int32, Int64)]) -> DeleteRecordsRequest.DeleteRecordsTopic {
        var topic = DeleteRecordsRequest.DeleteRecordsTopic()
        topic.name = name
        topic.partitions = wanted.map { index, offset in
            var partition = DeleteRecordsRequest.DeleteRecordsPartition()
            partition.partitionIndex = index
            partition.offset = offset
            return partition
        }
        return topic
    }

    @Test(arguments: [1, 3]) func producersAreDescribedOrSaidToBeUnknown(shards: Int) throws {
        let broker = try TestBroker(settings: ["martlet.shards": "\(shards)"])
        defer { broker.stop() }
        let client = try WireClient(port: broker.port)
        try client.createTopic("t", partitions: 3)
        var request = DescribeProducersRequest()
        request.topics = [("t", [Int32(2), 0, 8, 1]), ("missing", [0]), ("not a name", [1])].map { name, indexes in
            var topic = DescribeProducersRequest.TopicRequest()
            topic.name = name
            topic.partitionIndexes = indexes
            return topic
        }
        let response = try client.ask(request, version: 0)
        let rows = response.topics.map { $0.partitions.map { [Int($0.partitionIndex), Int($0.errorCode)] } }
        #expect(rows == [[[2, 0], [0, 0], [8, 3], [1, 0]], [[0, 3]], [[1, 17]]])
        let hasMessage = response.topics.map { $0.partitions.map { $0.errorMessage != nil } }
        #expect(hasMessage == [[false, false, false, false], [true], [true]])
    }

    @Test func bothDescriptionsOfTheClusterNameTheSameBrokers() throws {
        let broker = try TestBroker()
        defer { broker.stop() }
        let client = try WireClient(port: broker.port)
        let told = try client.ask(MetadataRequest(), version: 12).brokers
        let described = try client.ask(DescribeClusterRequest(), version: 1).brokers
        #expect(told.map(\.port) == [Int32(broker.port)])
        #expect(told.map(\.nodeId) == described.map(\.brokerId))
        #expect(told.map(\.host) == described.map(\.host))
        #expect(told.map(\.port) == described.map(\.port))
    }
}
