import Bytes
import Configuration
import KafkaProtocol
import KafkaProtocolMore
import Metadata
import Testing

@testable import Controller

@Suite struct DeleteTopicsTests {
    @Test func byNameAndById() throws {
        var cluster = try TestCluster()
        let ids = try cluster.create([topic("a"), topic("b"), topic("c")]).map(\.topicId)
        let answers = try cluster.delete([
            deletion("a"), deletion(id: ids[1]), deletion("x"), deletion(id: UUID(high: 1, low: 1)),
        ])
        #expect(answers.map(\.errorCode) == [0, 0, 3, 100])
        #expect(answers.map(\.name) == ["a", "b", "x", nil])
        #expect(answers.map(\.topicId) == [ids[0], ids[1], .zero, UUID(high: 1, low: 1)])
        #expect(cluster.controller.image.topics.count == 1)
    }

    @Test func whatIsNamedTwiceStays() throws {
        var cluster = try TestCluster()
        let ids = try cluster.create([topic("a"), topic("b"), topic("c")]).map(\.topicId)
        let answers = try cluster.delete([
            deletion("a"), deletion("a"), deletion(id: ids[1]), deletion(id: ids[1]), deletion("c"),
            deletion(id: ids[2]), deletion(), deletion("a", id: ids[0]),
        ])
        #expect(answers.map(\.errorCode) == [42, 42, 42, 42, 42])
        #expect(answers.map(\.name) == ["a", nil, "c", nil, "a"])
        #expect(answers.map(\.topicId) == [.zero, ids[1], ids[2], .zero, ids[0]])
        #expect(cluster.controller.image.topics.count == 3)
    }

    @Test func deletionCanBeTurnedOff() throws {
        var cluster = try TestCluster(settings: [("delete.topic.enable", "false")])
        _ = try cluster.create([topic("a")])
        var request = DeleteTopicsRequest()
        request.topicNames = ["a", "x"]
        #expect(cluster.controller.deleteTopics(request, version: 2).reply.responses.map(\.errorCode) == [42, 42])
        #expect(cluster.controller.deleteTopics(request, version: 3).reply.responses.map(\.errorCode) == [73, 73])
        #expect(try cluster.delete([deletion("a")]).map(\.errorCode) == [73])
        #expect(cluster.controller.image.topics.count == 1)
    }

    @Test func olderVersionsNameTopicsOnly() throws {
        var cluster = try TestCluster()
        _ = try cluster.create([topic("a")])
        var request = DeleteTopicsRequest()
        request.topicNames = ["a", "bad name!", ""]
        let result = cluster.controller.deleteTopics(request, version: 5)
        #expect(result.reply.responses.map(\.errorCode) == [0, 3, 3])
        #expect(result.records.count == 1)
    }
}

@Suite struct BrokerLifeTests {
    @Test func aNewClusterHasItsFeatures() throws {
        let cluster = try TestCluster(settings: [("min.insync.replicas", "2")])
        let image = cluster.controller.image
        #expect(
            image.features == [
                "metadata.version": 30, "kraft.version": 1, "eligible.leader.replicas.version": 1, "group.version": 1,
            ])
        #expect(image.configuration(of: .allBrokers) == ["min.insync.replicas": "2"])
        #expect(cluster.controller.bootstrap().records.isEmpty)
        for feature in FinalizedFeatures.initial {
            let supported = try #require(FinalizedFeatures.supported.first { $0.name == feature.name })
            #expect((supported.minimum...supported.maximum).contains(feature.level))
        }
    }

    @Test func eachStartRaisesLeaderEpochsByOneRecord() throws {
        var cluster = try TestCluster()
        let firstEpoch = try #require(cluster.controller.image.brokers[1]?.epoch)
        _ = try cluster.create([topic("a", partitions: 3), topic("b")])
        for start in 1...3 {
            let before = cluster.controller.image.position.offset
            try cluster.register(1)
            #expect(cluster.controller.image.position.offset == before + 2)
            let epochs = cluster.controller.image.topics.all.flatMap { $0.partitions.map(\.leaderEpoch) }
            #expect(epochs == [Int32](repeating: Int32(start), count: 4))
        }
        #expect(try #require(cluster.controller.image.brokers[1]?.epoch) > firstEpoch)
        #expect(cluster.controller.image.brokers[1]?.isFenced == false)
    }

    @Test func aDirectoryIsAssignedWhenThereIsOnlyOne() throws {
        var cluster = try TestCluster(brokers: 0)
        try cluster.register(1, logDirectories: [UUID(high: 1, low: 1), UUID(high: 1, low: 2)])
        _ = try cluster.create([topic("a")])
        #expect(cluster.controller.image.topics["a"]?.partitions[0].directories == [.zero])
    }

    @Test func producerIdsComeInBlocks() throws {
        var cluster = try TestCluster()
        let epoch = try #require(cluster.controller.image.brokers[1]?.epoch)
        for block: Int64 in 0..<3 {
            let result = cluster.controller.allocateProducerIds(brokerId: 1, brokerEpoch: epoch)
            #expect(try result.reply.get() == block * 1000..<(block + 1) * 1000)
            try cluster.take(result.records)
        }
        let stale = cluster.controller.allocateProducerIds(brokerId: 1, brokerEpoch: epoch - 1)
        #expect(throws: ControllerError.self) { try stale.reply.get() }
        #expect(stale.records.isEmpty)
        let stranger = cluster.controller.allocateProducerIds(brokerId: 9, brokerEpoch: epoch)
        #expect(throws: ControllerError.self) { try stranger.reply.get() }
        try cluster.take([.producerIds(ProducerIdsRecord(brokerId: 1, brokerEpoch: epoch, nextId: .max - 5))])
        let last = cluster.controller.allocateProducerIds(brokerId: 1, brokerEpoch: epoch)
        #expect(throws: ControllerError.self) { try last.reply.get() }
    }
}
