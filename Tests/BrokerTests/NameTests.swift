import Bytes
import KafkaProtocol
import KafkaProtocolMore
import MartletTesting
import Testing

/// Names that differ in their bytes are different, also those that Unicode, and with it `String`, holds for the same.
@Suite struct BrokerNameTests {
    private static let composed = "caf\u{e9}"
    private static let decomposed = "cafe\u{301}"

    private func broker() throws -> TestBroker {
        // All groups in one partition: with one coordinator.
        try TestBroker(settings: [
            "group.initial.rebalance.delay.ms": "0", "offsets.topic.num.partitions": "1", "martlet.shards": "1",
        ])
    }

    private func groups(_ client: WireClient) throws -> [Name] {
        try client.ask(ListGroupsRequest(), version: 5).groups.map { Name($0.groupId) }
    }

    @Test func groupsKeepOffsetsOfTheirOwn() throws {
        let broker = try broker()
        defer { broker.stop() }
        do {
            let client = try WireClient(port: broker.port)
            try client.createTopic("t")
            try client.findCoordinator(of: Self.composed)
            #expect(try client.commit(5, of: "t", in: Self.composed) == .none)
            #expect(try client.committed("t", in: Self.decomposed) == -1)
            #expect(try client.commit(7, of: "t", in: Self.decomposed) == .none)
        }
        broker.stop(keepingData: true)
        try broker.start()
        let client = try WireClient(port: broker.port)
        try client.findCoordinator(of: Self.composed)
        #expect(try client.committed("t", in: Self.composed) == 5)
        #expect(try client.committed("t", in: Self.decomposed) == 7)
        #expect(try groups(client) == [Name(Self.decomposed), Name(Self.composed)])
        var delete = DeleteGroupsRequest()
        delete.groupsNames = [Self.composed]
        #expect(try client.ask(delete, version: 2).results.map(\.errorCode) == [0])
        #expect(try client.committed("t", in: Self.decomposed) == 7)
        #expect(try groups(client) == [Name(Self.decomposed)])
    }

    @Test func membersAndInstancesAreTheirOwn() throws {
        let broker = try broker()
        defer { broker.stop() }
        let client = try WireClient(port: broker.port)
        try client.createTopic("t", partitions: 2)
        try client.findCoordinator(of: "g")
        for (epoch, name) in [Self.composed, Self.decomposed].enumerated() {
            var request = ConsumerGroupHeartbeatRequest()
            request.groupId = "g"
            (request.memberId, request.instanceId) = (name, name)
            request.rebalanceTimeoutMs = 10_000
            request.topicPartitions = []
            request.subscribedTopicNames = ["t"]
            let response = try client.ask(request, version: 1)
            #expect(response.errorCode == 0)
            #expect(Name(response.memberId ?? "") == Name(name))
            #expect(response.memberEpoch >= Int32(epoch))
        }
        var describe = ConsumerGroupDescribeRequest()
        describe.groupIds = ["g"]
        let members = try #require(client.ask(describe, version: 1).groups.first).members
        #expect(members.map { Name($0.memberId) } == [Name(Self.decomposed), Name(Self.composed)])
        #expect(members.map { Name($0.instanceId ?? "") } == [Name(Self.decomposed), Name(Self.composed)])
    }

    @Test func quotasAreForTheNameThatTheySay() throws {
        let broker = try broker()
        defer { broker.stop() }
        let client = try WireClient(port: broker.port, clientID: "admin")
        for kind in ["user", "client-id"] {
            try client.setQuota([kind: Self.composed], "producer_byte_rate", 1_000)
            try client.setQuota([kind: Self.decomposed], "producer_byte_rate", 2_000)
        }
        var values: [Name: [Double]] = [:]
        for entry in try client.ask(DescribeClientQuotasRequest(), version: 1).entries ?? [] {
            values[Name(entry.entity.first?.entityName ?? ""), default: []] += entry.values.map(\.value)
        }
        #expect(values == [Name(Self.composed): [1_000, 1_000], Name(Self.decomposed): [2_000, 2_000]])
        try client.setQuota(["client-id": Self.composed], "producer_byte_rate", nil)
        try client.createTopic("t")
        let batch = WireClient.batch([UInt8](repeating: 7, count: 400_000))
        for (name, isLimited) in [(Self.composed, false), (Self.decomposed, true)] {
            let producer = try WireClient(port: broker.port, clientID: name)
            try producer.sendProduce(batch, to: "t", partition: 0)
            #expect((try producer.receiveProducedThrottle() > 0) == isLimited)
        }
    }

    /// A Kelvin sign is a K to Unicode, so that a name which no topic can have would find one.
    @Test func aTopicIsFoundByItsOwnNameOnly() throws {
        let broker = try broker()
        defer { broker.stop() }
        let client = try WireClient(port: broker.port)
        try client.createTopic("K")
        try client.findCoordinator(of: "g")
        #expect(try client.commit(5, of: "K", in: "g") == .none)
        let kelvin = "\u{212a}"
        #expect(try client.commit(6, of: kelvin, in: "g") == .unknownTopicOrPartition)
        #expect(try client.committed(kelvin, in: "g") == -1)
        #expect(try client.committed("K", in: "g") == 5)
        var request = MetadataRequest()
        request.topics = ["K", kelvin].map { name in
            var topic = MetadataRequest.MetadataRequestTopic()
            topic.name = name
            return topic
        }
        let codes = try client.ask(request, version: 9).topics.map(\.errorCode)
        #expect(codes == [0, ErrorCode.invalidTopicException.rawValue])
        var delete = DeleteTopicsRequest()
        delete.topicNames = [kelvin]
        #expect(
            try client.ask(delete, version: 5).responses.map(\.errorCode)
                == [ErrorCode.unknownTopicOrPartition.rawValue])
    }
}
