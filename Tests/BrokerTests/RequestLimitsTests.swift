import Broker
import Bytes
import Configuration
import KafkaProtocol
import KafkaProtocolMore
import MartletTesting
import Testing

/// Requests that name far more than there is.
@Suite struct RequestLimitsTests {
    private let broker: TestBroker
    private let bystander: WireClient

    init() throws {
        broker = try TestBroker()
        bystander = try WireClient(port: broker.port)
        try bystander.createTopic("t")
    }

    private func expectClosed(_ ask: (WireClient) throws -> Void) throws {
        let client = try WireClient(port: broker.port)
        #expect(throws: WireClient.Closed.self) { try ask(client) }
        #expect(try bystander.produce([1], to: "t").error == .none)
    }

    private func fetch(_ client: WireClient, partitions: Int32, session: Int32 = 0, epoch: Int32 = -1, first: Int32 = 0)
        throws -> (error: ErrorCode, session: Int32)
    {
        try client.send(.fetch, version: 7) { (writer) throws(EncodeError) in
            writer.write(Int32(-1))
            writer.write(Int32(0))
            writer.write(Int32(1))
            writer.write(Int32(1 << 20))
            writer.write(Int8(0))
            writer.write(session)
            writer.write(epoch)
            writer.write(Int32(1))
            try writer.write("t", compact: false)
            writer.write(partitions)
            for partition in first..<first + partitions {
                writer.write(partition)
                writer.write(Int64(0))
                writer.write(Int64(-1))
                writer.write(Int32(1 << 20))
            }
            writer.write(Int32(0))
        }
        return try client.receiveSessionFetch()
    }

    @Test func aFetchOfMorePartitionsThanThereAreClosesTheConnection() throws {
        defer { broker.stop() }
        #expect(try fetch(bystander, partitions: 900).error == .none)
        try expectClosed { _ = try fetch($0, partitions: 2_000) }
    }

    @Test func aSessionCannotBeFilledLittleByLittle() throws {
        defer { broker.stop() }
        try expectClosed { client in
            let session = try fetch(client, partitions: 900, epoch: 0).session
            #expect(session != 0)
            for round in Int32(1)...3 {
                let next = try fetch(client, partitions: 900, session: session, epoch: round, first: round * 900)
                #expect(next.error == .none)
            }
        }
    }

    @Test func aProduceOfMorePartitionsThanThereAreClosesTheConnection() throws {
        defer { broker.stop() }
        try expectClosed { client in
            try client.send(.produce, version: 7) { (writer) throws(EncodeError) in
                try writer.write(nil as String?, compact: false)
                writer.write(Int16(-1))
                writer.write(Int32(1_000))
                writer.write(Int32(1))
                try writer.write("t", compact: false)
                writer.write(Int32(2_000))
                for partition in Int32(0)..<2_000 {
                    writer.write(partition)
                    writer.write(Int32(-1))
                }
            }
            _ = try client.receiveProduced()
        }
    }

    @Test func questionsAboutMorePartitionsThanThereAreCloseTheConnection() throws {
        defer { broker.stop() }
        var offsets = ListOffsetsRequest()
        offsets.topics = [.init()]
        offsets.topics[0].name = "t"
        offsets.topics[0].partitions = (Int32(0)..<2_000).map { index in
            var row = ListOffsetsRequest.ListOffsetsPartition()
            row.partitionIndex = index
            return row
        }
        try expectClosed { _ = try $0.ask(offsets, version: 5) }
        var deletion = DeleteRecordsRequest()
        deletion.topics = [.init()]
        deletion.topics[0].name = "t"
        deletion.topics[0].partitions = .init(repeating: .init(), count: 2_000)
        try expectClosed { _ = try $0.ask(deletion, version: 1) }
        var producers = DescribeProducersRequest()
        producers.topics = [.init()]
        producers.topics[0].name = "t"
        producers.topics[0].partitionIndexes = Array(0..<2_000)
        try expectClosed { _ = try $0.ask(producers, version: 0) }
    }

    @Test func moreNamesThanAnybodyHasCloseTheConnection() throws {
        defer { broker.stop() }
        var metadata = MetadataRequest()
        metadata.topics = (0..<25_000).map { number in
            var topic = MetadataRequest.MetadataRequestTopic()
            topic.name = "n\(number)"
            return topic
        }
        metadata.allowAutoTopicCreation = false
        try expectClosed { _ = try $0.ask(metadata, version: 8) }
        metadata.topics = metadata.topics.map { Array($0.prefix(15_000)) }
        #expect(try bystander.ask(metadata, version: 8).topics.count == 15_000)
        var deletion = DeleteTopicsRequest()
        deletion.topicNames = (0..<25_000).map { "n\($0)" }
        try expectClosed { _ = try $0.ask(deletion, version: 5) }
    }
}
