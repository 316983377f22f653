import Broker
import Bytes
import KafkaProtocol
import KafkaProtocolMore
import MartletTesting
import Runtime
import Testing

/// Clients over their quota: what they are told, and that they are not listened to.
@Suite struct QuotaTests {
    /// A window of a second: who uses A with a limit of L pauses for (A - L) / L seconds.
    private static let shortWindow = ["quota.window.num": "2"]

    private func broker(_ settings: [String: String] = QuotaTests.shortWindow, shards: Int = 1) throws -> TestBroker {
        try TestBroker(settings: settings.merging(["martlet.shards": "\(shards)"]) { own, _ in own })
    }

    private func measure(_ work: () throws -> Void) rethrows -> Interval {
        let start = MonotonicTime.current()
        try work()
        return MonotonicTime.current() - start
    }

    private let value = [UInt8](repeating: 7, count: 1_400)

    // MARK: Produce

    @Test(arguments: [1, 3]) func theAnswerComesAndThenNothingIsReadForSoLong(shards: Int) throws {
        let server = try broker(shards: shards)
        defer { server.stop() }
        let admin = try WireClient(port: server.port, clientID: "admin")
        try admin.createTopic("t", partitions: 3)
        try admin.setQuota(["client-id": "slow"], "producer_byte_rate", 1_000)
        let client = try WireClient(port: server.port, clientID: "slow")
        let batch = WireClient.batch(value)
        var throttleMs: Int32 = 0
        let elapsed = try measure {
            // Both are with the broker before the first is answered.
            try client.sendProduce(batch, to: "t", partition: 1)
            try client.send(.apiVersions, version: 0) { _ in }
            throttleMs = try client.receiveProducedThrottle()
            _ = try client.receive(.apiVersions, version: 0) { (cursor) throws(DecodeError) in try cursor.int16() }
        }
        // Some bytes of header are counted, too.
        #expect(throttleMs >= Int32(batch.count) - 1_000)
        #expect(throttleMs < 1_000)
        #expect(elapsed >= .milliseconds(Int64(throttleMs)))
        // Others are not concerned.
        try admin.sendProduce(batch, to: "t", partition: 2)
        #expect(try admin.receiveProducedThrottle() == 0)
    }

    @Test func whoWantsNoAnswerIsNotReadEither() throws {
        let server = try broker()
        defer { server.stop() }
        let client = try WireClient(port: server.port, clientID: "c")
        try client.createTopic("t")
        try client.setQuota(["user": nil], "producer_byte_rate", 1_000)
        let batch = WireClient.batch(value)
        let elapsed = try measure {
            try client.sendProduce(batch, to: "t", partition: 0, acks: 0)
            _ = try client.ask(ApiVersionsRequest(), version: 0)
        }
        #expect(elapsed >= .milliseconds(Int64(batch.count) - 1_000))
    }

    @Test(arguments: [1, 3]) func aChangeCountsForConnectionsThatAreThere(shards: Int) throws {
        let server = try broker([:], shards: shards)
        defer { server.stop() }
        let admin = try WireClient(port: server.port, clientID: "admin")
        try admin.createTopic("t")
        let clients = try (0..<6).map { _ in try WireClient(port: server.port, clientID: "c") }
        func throttles(_ clients: some Sequence<WireClient>) throws -> [Int32] {
            try clients.map { client in
                try client.sendProduce(WireClient.batch(value), to: "t", partition: 0)
                return try client.receiveProducedThrottle()
            }
        }
        let none = [Int32](repeating: 0, count: 6)
        #expect(try throttles(clients) == none)
        // Ten seconds' worth are taken at once.
        try admin.setQuota(["client-id": nil], "producer_byte_rate", 1_000_000)
        #expect(try throttles(clients) == none)
        try admin.setQuota(["client-id": "c"], "producer_byte_rate", 10)
        #expect(try throttles(clients.prefix(3)).allSatisfy { $0 > 0 })
        // Those three are not listened to for long; the others are as if nothing had been.
        try admin.setQuota(["client-id": "c"], "producer_byte_rate", nil)
        #expect(try throttles(clients.suffix(3)) == [0, 0, 0])
    }

    /// Each connection by itself keeps to the quota, on whatever shard it is.
    @Test(arguments: [1, 3]) func connectionsOfOneClientIDShareItsQuota(shards: Int) throws {
        let server = try broker([:], shards: shards)
        defer { server.stop() }
        let admin = try WireClient(port: server.port, clientID: "admin")
        try admin.createTopic("t")
        let limit = 20_000
        try admin.setQuota(["client-id": nil], "producer_byte_rate", Double(limit))
        let clients = try (0..<6).map { _ in try WireClient(port: server.port, clientID: "c") }
        let batch = WireClient.batch(value)
        var used = [Int](repeating: 0, count: clients.count)
        var throttled: Int?
        while throttled == nil, used[0] <= 10 * limit {
            for (index, client) in clients.enumerated() where throttled == nil {
                try client.sendProduce(batch, to: "t", partition: 0)
                used[index] += batch.count
                if try client.receiveProducedThrottle() > 0 { throttled = index }
            }
        }
        let index = try #require(throttled)
        #expect(used.reduce(0, +) >= 9 * limit)
        #expect(used[index] < 5 * limit)
        // A default is one for each client id, not one for all of them.
        let other = try WireClient(port: server.port, clientID: "other")
        try other.sendProduce(batch, to: "t", partition: 0)
        #expect(try other.receiveProducedThrottle() == 0)
    }

    // MARK: Fetch

    @Test(arguments: [1, 3]) func aFetchOverTheQuotaIsEmptyAndItsSessionStays(shards: Int) throws {
        let server = try broker(shards: shards)
        defer { server.stop() }
        let admin = try WireClient(port: server.port, clientID: "admin")
        try admin.createTopic("t")
        let client = try WireClient(port: server.port, clientID: "reader")
        // A session, opened while there is nothing to read.
        try client.sendSessionFetch("t", from: 0, session: 0, epoch: 0)
        let session = try client.receiveThrottledFetch().session
        #expect(session != 0)
        let size = try admin.produce(value, to: "t").batchSize
        // What the connection may read in a second, all of which it uses.
        try admin.setQuota(["client-id": "reader"], "consumer_byte_rate", Double(size))
        var epoch: Int32 = 0
        func fetch() throws -> (throttleMs: Int32, bytes: Int?) {
            epoch += 1
            try client.sendSessionFetch("t", from: 0, session: session, epoch: epoch)
            let answer = try client.receiveThrottledFetch()
            #expect(answer.session == session)
            return (answer.throttleMs, answer.records?.count)
        }
        #expect(try fetch() == (0, size))
        // Another one would be twice the quota: it says nothing until there is room for it, and then all.
        var throttled = 0
        var answer = try fetch()
        while answer.throttleMs > 0, throttled < 10 {
            #expect(answer.bytes == nil)
            throttled += 1
            answer = try fetch()
        }
        #expect(throttled >= 1)
        #expect(answer == (0, size))
    }

    @Test func aFullFetchOverTheQuotaOpensNoSession() throws {
        let server = try broker()
        defer { server.stop() }
        let client = try WireClient(port: server.port, clientID: "reader")
        try client.createTopic("t")
        let size = try client.produce(value, to: "t").batchSize
        try client.setQuota(["user": nil, "client-id": nil], "consumer_byte_rate", Double(size))
        var answers: [Bool] = []
        repeat {
            try client.sendSessionFetch("t", from: 0, session: 0, epoch: 0)
            let answer = try client.receiveThrottledFetch()
            #expect((answer.throttleMs > 0) == (answer.records == nil))
            #expect((answer.throttleMs > 0) == (answer.session == 0))
            answers.append(answer.records != nil)
        } while answers.count < 10 && (answers.count < 3 || answers.last == false)
        #expect(answers.first == true)
        #expect(answers[1] == false)
        #expect(answers.last == true)
    }

    // MARK: Request time

    /// With next to no time allowed everybody pauses, for a sample of the window at most.
    @Test func timeIsCountedForEveryRequest() throws {
        let server = try broker([:])
        defer { server.stop() }
        let admin = try WireClient(port: server.port, clientID: "admin")
        try admin.createTopic("t")
        try admin.setQuota(["client-id": "c"], "request_percentage", 0.000_000_1)
        func client() throws -> WireClient { try WireClient(port: server.port, clientID: "c") }
        var describe = DescribeConfigsRequest()
        describe.resources = [DescribeConfigsRequest.DescribeConfigsResource()]
        var listing = ListOffsetsRequest.ListOffsetsTopic()
        listing.name = "t"
        listing.partitions = [ListOffsetsRequest.ListOffsetsPartition()]
        var list = ListOffsetsRequest()
        list.replicaId = -1
        list.topics = [listing]
        let throttles = [
            try client().ask(ApiVersionsRequest(), version: 3).throttleTimeMs,
            try client().ask(MetadataRequest(), version: 9).throttleTimeMs,
            try client().ask(InitProducerIdRequest(), version: 4).throttleTimeMs,
            try client().ask(describe, version: 4).throttleTimeMs,
            try client().ask(list, version: 6).throttleTimeMs,
            try client().ask(DescribeClientQuotasRequest(), version: 1).throttleTimeMs,
            try client().ask(CreateTopicsRequest(), version: 7).throttleTimeMs,
        ]
        #expect(throttles == [Int32](repeating: 1_000, count: throttles.count))
        // A fetch without records, one whose session is not known, and a produce.
        let fetching = try client()
        try fetching.sendSessionFetch("t", from: 0, session: 0, epoch: 0)
        #expect(try fetching.receiveThrottledFetch().throttleMs == 1_000)
        let stranger = try client()
        try stranger.sendSessionFetch("t", from: 0, session: 77, epoch: 5)
        #expect(try stranger.receiveThrottledFetch().throttleMs == 1_000)
        let producing = try client()
        try producing.sendProduce(WireClient.batch(value), to: "t", partition: 0)
        #expect(try producing.receiveProducedThrottle() == 1_000)
        // Whoever has no quota does not pause.
        #expect(try admin.ask(ApiVersionsRequest(), version: 3).throttleTimeMs == 0)
    }

    // MARK: Changes of partitions

    @Test(arguments: [1, 3]) func newerClientsAreRefusedAndOlderOnesPause(shards: Int) throws {
        let server = try broker([:], shards: shards)
        defer { server.stop() }
        let admin = try WireClient(port: server.port, clientID: "admin")
        try admin.createTopic("old")
        // A budget of 1.1 that refills in 11 seconds.
        try admin.setQuota(["client-id": "c"], "controller_mutation_rate", 0.1)
        func create(_ name: String, version: Int16) throws -> (error: Int16?, throttleMs: Int32) {
            var topic = CreateTopicsRequest.CreatableTopic()
            topic.name = name
            topic.numPartitions = 3
            topic.replicationFactor = 1
            var request = CreateTopicsRequest()
            request.topics = [topic]
            let client = try WireClient(port: server.port, clientID: "c")
            let answer = try client.ask(request, version: version)
            return (answer.topics.first?.errorCode, answer.throttleTimeMs)
        }
        // With something left any number is allowed.
        #expect(try create("a", version: 7) == (0, 0))
        let refused = try create("b", version: 6)
        #expect(refused.error == 89)
        #expect((15_000...19_000).contains(refused.throttleMs))
        let older = try create("b", version: 5)
        #expect(older.error == 0)
        #expect((40_000...49_000).contains(older.throttleMs))

        var growing = CreatePartitionsRequest.CreatePartitionsTopic()
        growing.name = "a"
        growing.count = 4
        growing.assignments = nil
        var more = CreatePartitionsRequest()
        more.topics = [growing]
        let growth = try WireClient(port: server.port, clientID: "c").ask(more, version: 3)
        #expect(growth.results.map(\.errorCode) == [89])
        #expect(growth.throttleTimeMs > 0)
        var delete = DeleteTopicsRequest()
        delete.topicNames = ["old"]
        let deletion = try WireClient(port: server.port, clientID: "c").ask(delete, version: 5)
        #expect(deletion.responses.map(\.errorCode) == [89])
        #expect(deletion.throttleTimeMs > 0)
        let done = try WireClient(port: server.port, clientID: "c").ask(delete, version: 4)
        #expect(done.responses.map(\.errorCode) == [0])
        #expect(done.throttleTimeMs > 0)
        // Others have their own.
        #expect(try admin.ask(more, version: 3).results.map(\.errorCode) == [0])
    }

    // MARK: Connections

    @Test(arguments: [1, 3]) func anAddressConnectsSoOftenAndNoMore(shards: Int) throws {
        let server = try broker([:], shards: shards)
        defer { server.stop() }
        let admin = try WireClient(port: server.port, clientID: "admin")
        try admin.setQuota(["ip": "127.0.0.1"], "connection_creation_rate", 1)
        var served = 0
        for _ in 0..<20 where (try? WireClient(port: server.port).ask(ApiVersionsRequest(), version: 0)) != nil {
            served += 1
        }
        // Ten seconds' worth; each that is refused is kept for a second, in which another one may come.
        #expect(served >= 10)
        #expect(served < 20)
        try admin.setQuota(["ip": "127.0.0.1"], "connection_creation_rate", nil)
        for _ in 0..<20 { _ = try WireClient(port: server.port).ask(ApiVersionsRequest(), version: 0) }
    }
}

extension WireClient {
    /// Sets the quota of an entity, given by the names of its parts (nil for the default), or removes it.
    func setQuota(_ entity: [String: String?], _ key: String, _ value: Double?) throws {
        var entry = AlterClientQuotasRequest.EntryData()
        entry.entity = entity.map { type, name in
            var part = AlterClientQuotasRequest.EntityData()
            part.entityType = type
            part.entityName = name
            return part
        }
        var operation = AlterClientQuotasRequest.OpData()
        operation.key = key
        operation.value = value ?? 0
        operation.remove = value == nil
        entry.ops = [operation]
        var request = AlterClientQuotasRequest()
        request.entries = [entry]
        #expect(try ask(request, version: 1).entries.map(\.errorCode) == [0])
    }
}
