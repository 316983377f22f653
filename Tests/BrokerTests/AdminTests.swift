import Broker
import Files
import KafkaProtocol
import KafkaProtocolMore
import MartletTesting
import Runtime
import Testing

/// Configuration and other admin requests, and that what they change takes effect.
@Suite struct AdminTests {
    private func alter(
        _ client: WireClient, _ type: Int8, _ name: String, _ settings: [String: String?]
    ) throws -> [Int16] {
        var resource = IncrementalAlterConfigsRequest.AlterConfigsResource()
        resource.resourceType = type
        resource.resourceName = name
        resource.configs = settings.map { key, value in
            var config = IncrementalAlterConfigsRequest.AlterableConfig()
            config.name = key
            config.configOperation = value == nil ? 1 : 0
            config.value = value
            return config
        }
        var request = IncrementalAlterConfigsRequest()
        request.resources = [resource]
        return try client.ask(request, version: 1).responses.map(\.errorCode)
    }

    private func describe(
        _ client: WireClient, _ type: Int8, _ name: String, _ key: String
    ) throws -> DescribeConfigsResponse.DescribeConfigsResourceResult? {
        var resource = DescribeConfigsRequest.DescribeConfigsResource()
        resource.resourceType = type
        resource.resourceName = name
        resource.configurationKeys = [key]
        var request = DescribeConfigsRequest()
        request.resources = [resource]
        request.includeSynonyms = true
        return try client.ask(request, version: 4).results.first?.configs.first
    }

    private let topic: Int8 = 2
    private let broker: Int8 = 4

    @Test(arguments: [1, 3]) func aTopicsLimitCountsFromTheAnswerOn(shards: Int) throws {
        let server = try TestBroker(settings: ["martlet.shards": "\(shards)"])
        defer { server.stop() }
        let client = try WireClient(port: server.port)
        try client.createTopic("t", partitions: 6)
        let value = [UInt8](repeating: 1, count: 500)
        #expect(try alter(client, topic, "t", ["max.message.bytes": "200"]) == [0])
        for partition in Int32(0)..<6 {
            #expect(try client.produce(value, to: "t", partition: partition).error == .messageTooLarge)
        }
        #expect(try alter(client, topic, "t", ["max.message.bytes": nil]) == [0])
        for partition in Int32(0)..<6 {
            #expect(try client.produce(value, to: "t", partition: partition).error == .none)
        }
    }

    @Test func theBrokersLimitIsTheTopicsDefaultAndThisBrokerIsStrongerThanAll() throws {
        let server = try TestBroker(settings: ["message.max.bytes": "5000"])
        defer { server.stop() }
        let client = try WireClient(port: server.port)
        try client.createTopic("t")
        func isTaken(_ count: Int) throws -> Bool {
            try client.produce([UInt8](repeating: 1, count: count), to: "t").error == .none
        }
        #expect(try isTaken(1000))
        #expect(try alter(client, broker, "", ["message.max.bytes": "900"]) == [0])
        #expect(try !isTaken(1000))
        #expect(try alter(client, broker, "1", ["message.max.bytes": "2000"]) == [0])
        #expect(try isTaken(1000))
        #expect(try !isTaken(3000))
        let described = try #require(try describe(client, topic, "t", "max.message.bytes"))
        #expect(described.value == "2000")
        #expect(described.synonyms.map(\.source) == [2, 3, 4, 5])
        #expect(try alter(client, broker, "", ["message.max.bytes": nil]) == [0])
        #expect(try alter(client, broker, "1", ["message.max.bytes": nil]) == [0])
        #expect(try isTaken(3000))
    }

    @Test func whatWasSetIsThereAfterARestart() throws {
        let server = try TestBroker()
        defer { server.stop() }
        var client: WireClient? = try WireClient(port: server.port)
        try client?.createTopic("t")
        #expect(try client.map { try alter($0, topic, "t", ["retention.ms": "77"]) } == [0])
        #expect(try client.map { try alter($0, broker, "1", ["message.max.bytes": "300"]) } == [0])
        #expect(try client.map { try alter($0, 16, "m", ["interval.ms": "60000"]) } == [0])
        client = nil
        server.stop(keepingData: true)
        try server.start()
        let again = try WireClient(port: server.port)
        #expect(try describe(again, topic, "t", "retention.ms")?.value == "77")
        #expect(try describe(again, broker, "1", "message.max.bytes")?.configSource == 2)
        #expect(try describe(again, 16, "m", "interval.ms")?.value == "60000")
        #expect(try again.produce([UInt8](repeating: 1, count: 500), to: "t").error == .messageTooLarge)
        let listed = try again.ask(ListConfigResourcesRequest(), version: 1)
        #expect(
            Set(listed.configResources.map { "\($0.resourceType) \($0.resourceName)" }) == [
                "2 t", "4 1", "8 1", "16 m",
            ])
    }

    @Test(arguments: [1, 3]) func newPartitionsTakeRecordsFromTheAnswerOn(shards: Int) throws {
        let server = try TestBroker(settings: ["martlet.shards": "\(shards)"])
        defer { server.stop() }
        let client = try WireClient(port: server.port)
        try client.createTopic("t")
        var row = CreatePartitionsRequest.CreatePartitionsTopic()
        row.name = "t"
        row.count = 7
        row.assignments = nil
        var request = CreatePartitionsRequest()
        request.topics = [row]
        #expect(try client.ask(request, version: 3).results.map(\.errorCode) == [0])
        for partition in Int32(0)..<7 { #expect(try client.produce([1], to: "t", partition: partition).error == .none) }
        #expect(try client.produce([1], to: "t", partition: 7).error == .unknownTopicOrPartition)
    }

    @Test(arguments: [1, 3]) func epochsEndWhereTheNextBegins(shards: Int) throws {
        let server = try TestBroker(settings: ["martlet.shards": "\(shards)"])
        defer { server.stop() }
        var client: WireClient? = try WireClient(port: server.port)
        try client?.createTopic("t", partitions: 3)
        for _ in 0..<4 { _ = try client?.produce([1], to: "t", partition: 2) }
        client = nil
        server.stop(keepingData: true)
        try server.start()
        let again = try WireClient(port: server.port)
        _ = try again.produce([1], to: "t", partition: 2)
        func end(of epoch: Int32) throws -> OffsetForLeaderEpochResponse.EpochEndOffset? {
            var partition = OffsetForLeaderEpochRequest.OffsetForLeaderPartition()
            partition.partition = 2
            partition.leaderEpoch = epoch
            var row = OffsetForLeaderEpochRequest.OffsetForLeaderTopic()
            row.topic = "t"
            row.partitions = [partition]
            var request = OffsetForLeaderEpochRequest()
            request.topics = [row]
            return try again.ask(request, version: 4).topics.first?.partitions.first
        }
        #expect(try end(of: 0)?.endOffset == 4)
        #expect(try end(of: 1)?.endOffset == 5)
        #expect(try end(of: 2)?.endOffset == -1)
    }

    @Test(arguments: [1, 3]) func aPartitionMovesToAnotherDirectoryWithItsRecords(shards: Int) throws {
        let root = try TemporaryDirectory()
        let paths = [root.path + "/one", root.path + "/two"]
        let server = try TestBroker(
            settings: ["martlet.shards": "\(shards)", "log.dirs": paths.joined(separator: ",")], directory: root.path)
        defer { server.stop() }
        let client = try WireClient(port: server.port)
        try client.createTopic("t", partitions: 2)
        for _ in 0..<20 { _ = try client.produce([UInt8](repeating: 1, count: 200), to: "t", partition: 1) }
        let source = try #require(try places(client).firstIndex { $0.contains(1) })
        let target = 1 - source
        #expect(try move(client, to: "/no/such") == 57)
        #expect(try move(client, to: paths[source]) == 0)
        #expect(try move(client, to: paths[target]) == 0)
        try awaitMove(client, to: target)
        #expect(try places(client)[source].contains(1) == false)
        #expect(try client.fetch("t", partition: 1, from: 0).highWatermark == 20)
        #expect(try client.produce([1], to: "t", partition: 1).baseOffset == 20)
        server.stop(keepingData: true)
        try server.start()
        let again = try WireClient(port: server.port)
        #expect(try places(again)[target].contains(1))
        #expect(try again.fetch("t", partition: 1, from: 0).highWatermark == 21)
    }

    @Test(arguments: [1, 3]) func aMoveKeepsToItsLimitOfBytes(shards: Int) throws {
        let root = try TemporaryDirectory()
        let paths = [root.path + "/one", root.path + "/two"]
        let server = try TestBroker(
            settings: ["martlet.shards": "\(shards)", "log.dirs": paths.joined(separator: ",")], directory: root.path)
        defer { server.stop() }
        let client = try WireClient(port: server.port)
        try client.createTopic("t", partitions: 2)
        var bytes = 0
        for _ in 0..<30 {
            bytes += try client.produce([UInt8](repeating: 1, count: 10_000), to: "t", partition: 1).batchSize
        }
        let target = 1 - (try #require(try places(client).firstIndex { $0.contains(1) }))
        let rate = 400_000
        #expect(try alter(client, broker, "", ["replica.alter.log.dirs.io.max.bytes.per.second": "\(rate)"]) == [0])
        let start = MonotonicTime.current()
        #expect(try move(client, to: paths[target]) == 0)
        try awaitMove(client, to: target)
        // All that was copied is paid for before the partition is closed for the rest, of which there is none.
        let least = Int64(bytes) * 1_000_000_000 / Int64(rate)
        #expect(MonotonicTime.current() - start >= .nanoseconds(least))
        #expect(try client.fetch("t", partition: 1, from: 0).highWatermark == 30)
    }

    /// The partitions that are in each directory, those on their way left out.
    private func places(_ client: WireClient) throws -> [Set<Int32>] {
        var request = DescribeLogDirsRequest()
        request.topics = nil
        let response = try client.ask(request, version: 5)
        #expect(response.results.allSatisfy { $0.errorCode == 0 && $0.totalBytes > 0 && $0.usableBytes > 0 })
        return response.results.map { result in
            Set(result.topics.flatMap { $0.partitions.filter { !$0.isFutureKey }.map(\.partitionIndex) })
        }
    }

    /// Comes back when the partition is served from the directory it was moved to, or after a minute.
    private func awaitMove(_ client: WireClient, to target: Int) throws {
        let end = MonotonicTime.current() + .seconds(60)
        func isServed() throws -> Bool { try client.fetch("t", partition: 1, from: 0).error == .none }
        while try !places(client)[target].contains(1) || !isServed(), MonotonicTime.current() < end {}
    }

    private func move(_ client: WireClient, to path: String) throws -> Int16? {
        var topic = AlterReplicaLogDirsRequest.AlterReplicaLogDirTopic()
        topic.name = "t"
        topic.partitions = [1]
        var directory = AlterReplicaLogDirsRequest.AlterReplicaLogDir()
        directory.path = path
        directory.topics = [topic]
        var request = AlterReplicaLogDirsRequest()
        request.dirs = [directory]
        return try client.ask(request, version: 2).results.first?.partitions.first?.errorCode
    }

    @Test func nobodyHasCredentials() throws {
        let server = try TestBroker()
        defer { server.stop() }
        let client = try WireClient(port: server.port)
        var request = DescribeUserScramCredentialsRequest()
        request.users = nil
        #expect(try client.ask(request, version: 0).results.isEmpty)
        request.users = ["a", "b", "b"].map { name in
            var user = DescribeUserScramCredentialsRequest.UserName()
            user.name = name
            return user
        }
        let answers = try client.ask(request, version: 0).results
        #expect(answers.map(\.errorCode) == [91, 92])
    }

    @Test func theMetadataHasThisBrokerAsItsVoter() throws {
        let server = try TestBroker()
        defer { server.stop() }
        let client = try WireClient(port: server.port)
        for version in Int16(0)...2 {
            var partition = DescribeQuorumRequest.PartitionData()
            partition.partitionIndex = 0
            var topic = DescribeQuorumRequest.TopicData()
            topic.topicName = "__cluster_metadata"
            topic.partitions = [partition]
            var request = DescribeQuorumRequest()
            request.topics = [topic]
            let response = try client.ask(request, version: version)
            let row = try #require(response.topics.first?.partitions.first)
            #expect(row.leaderId == 1)
            #expect(row.currentVoters.map(\.replicaId) == [1])
            #expect(row.highWatermark > 0)
            #expect(response.nodes.map(\.nodeId) == (version == 2 ? [1] : []))
        }
    }
}
