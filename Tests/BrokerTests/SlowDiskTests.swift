import Broker
import Configuration
import KafkaProtocol
import Testing

@Suite struct SlowDiskTests {
    private let directory: TemporaryDirectory
    private let files = GatedFileSystem()
    private let server: BrokerServer
    private let port: UInt16

    init() throws {
        directory = try TemporaryDirectory()
        server = try SlowDiskTests.start(in: directory, files, shards: 1)
        port = try #require(server.endpoints.first).port
    }

    private static func start(
        in directory: TemporaryDirectory, _ files: GatedFileSystem, shards: Int
    ) throws -> BrokerServer {
        var input = ConfigurationInput()
        input.arguments = [
            .init(key: "listeners", value: "PLAINTEXT://127.0.0.1:0"), .init(key: "log.dirs", value: directory.path),
            .init(key: "martlet.shards", value: "\(shards)"),
        ]
        return try BrokerServer.start(BrokerConfiguration(input), fileSystem: files)
    }

    /// The only shard goes on serving while a write waits for the disk, and what came behind that write is written from
    /// copies, in order.
    @Test func aWriteThatBlocksDoesNotBlockTheShard() throws {
        defer { server.stop() }
        let admin = try WireClient(port: port)
        try admin.createTopic("a", partitions: 2)
        files.gate.slowDown()
        #expect(try admin.produce(Array("slow".utf8), to: "a").error == .none)

        files.gate.close()
        let producers = try (0..<3).map { _ in try WireClient(port: port) }
        var expected: [[UInt8]] = []
        for (number, producer) in producers.enumerated() {
            let batch = WireClient.batch(Array("blocked \(number)".utf8))
            expected.append(batch)
            try producer.sendProduce(batch, to: "a", partition: 0)
            try producer.sendProduce(batch, to: "a", partition: 1)
            // An answer to a later request: the shard has taken the produces, and is free.
            #expect(try admin.fetch("a", from: 0).highWatermark == 1)
            #expect(try admin.fetch("a", partition: 1, from: 0).highWatermark == 0)
        }
        files.gate.open()
        for (number, producer) in producers.enumerated() {
            #expect(try producer.receiveProduced() == (.none, Int64(number + 1)))
            #expect(try producer.receiveProduced() == (.none, Int64(number)))
        }
        let records = try admin.fetch("a", from: 1).records
        #expect(records.count == expected.reduce(0) { $0 + $1.count })
        // Past base offset and leader epoch, which the broker has stamped, the batches are the clients' own.
        var position = 0
        for batch in expected {
            #expect(Array(records[position + 16..<position + batch.count]) == Array(batch[16...]))
            position += batch.count
        }
        #expect(try admin.produce(Array("quick".utf8), to: "a").baseOffset == 4)
    }

    /// A topic that is deleted while its write waits for the disk takes nothing else with it.
    @Test func aTopicMayBeDeletedWhileItsWriteWaits() throws {
        defer { server.stop() }
        let admin = try WireClient(port: port)
        try admin.createTopic("gone")
        try admin.createTopic("bystander")
        files.gate.slowDown()
        #expect(try admin.produce(Array("slow".utf8), to: "gone").error == .none)
        files.gate.close()
        let producer = try WireClient(port: port)
        try producer.sendProduce(WireClient.batch(Array("blocked".utf8)), to: "gone", partition: 0)
        #expect(try admin.fetch("gone", from: 0).highWatermark == 1)
        let deleter = try WireClient(port: port)
        try deleter.sendDeleteTopic("gone")
        #expect(try producer.receiveProduced().error == .notLeaderOrFollower)
        files.gate.open()
        try deleter.receiveDeletedTopic()
        #expect(try admin.produce(Array("fine".utf8), to: "bystander").error == .none)
        try admin.createTopic("gone")
        #expect(try admin.produce(Array("new".utf8), to: "gone").baseOffset == 0)
    }

    /// A new topic of the name waits for the old one's files to go, whichever shards own the two.
    @Test func aNamesakeWaitsForTheFilesToGo() throws {
        server.stop()
        let directory = try TemporaryDirectory()
        let server = try SlowDiskTests.start(in: directory, files, shards: 3)
        defer { server.stop() }
        let port = try #require(server.endpoints.first).port
        let clients = try (0..<4).map { _ in try WireClient(port: port) }
        try clients[0].createTopic("t", partitions: 6)
        for partition in 0..<6 as Range<Int32> {
            files.gate.slowDown()
            #expect(try clients[0].produce(Array("slow".utf8), to: "t", partition: partition).error == .none)
        }
        files.gate.close()
        for partition in 0..<6 as Range<Int32> {
            try clients[0].sendProduce(WireClient.batch(Array("blocked".utf8)), to: "t", partition: partition)
        }
        #expect(try clients[1].fetch("t", from: 0).highWatermark == 1)
        try clients[1].sendDeleteTopic("t")
        for _ in 0..<6 { #expect(try clients[0].receiveProduced().error != .none) }
        try clients[2].sendCreateTopic("t", partitions: 6)
        // The control plane has decided on the new topic once it has answered this.
        try clients[3].sendCreateTopic("checked only", partitions: 1, validateOnly: true)
        _ = try clients[3].receiveCreatedTopic()
        files.gate.open()
        try clients[1].receiveDeletedTopic()
        #expect(try clients[2].receiveCreatedTopic() == ErrorCode.none)
        for partition in 0..<6 as Range<Int32> {
            #expect(try clients[0].produce(Array("new".utf8), to: "t", partition: partition).baseOffset == 0)
        }
        #expect(try files.list(directory.path).filter { $0.hasSuffix("-stray") } == [])
    }

    /// Who waits at the end of a log gets what is written there without a look at the file.
    @Test func aConsumerAtTheEndReadsFromMemory() throws {
        defer { server.stop() }
        let (producer, consumer) = (try WireClient(port: port), try WireClient(port: port))
        try producer.createTopic("live")
        #expect(try consumer.fetch("live", from: 0).records.isEmpty)
        for number in 0..<100 {
            let sent = try producer.produce(Array("record \(number)".utf8), to: "live")
            let fetched = try consumer.fetch("live", from: Int64(number), maximumWait: 10_000)
            #expect(fetched.records.count == sent.batchSize)
            #expect(fetched.highWatermark == Int64(number + 1))
        }
        #expect(files.gate.reads == 0)
        #expect(try consumer.fetch("live", from: 0).records.count > 100 * 60)
    }

    /// Fills a topic with more than the broker takes to be in the page cache anyway.
    private func makeOldData(_ topic: String, _ client: WireClient) throws {
        try client.createTopic(topic)
        let value = [UInt8](repeating: 7, count: 900_000)
        for _ in 0..<12 { #expect(try client.produce(value, to: topic).error == .none) }
    }

    /// What was written long ago is read by the pool where the page cache has lost it; the shard serves others meanwhile.
    @Test func aColdReadDoesNotBlockTheShard() throws {
        defer { server.stop() }
        let (reader, other) = (try WireClient(port: port), try WireClient(port: port))
        try makeOldData("old", other)
        files.gate.freeze()
        try reader.sendSessionFetch("old", from: 0, session: 0, epoch: 0)
        try other.createTopic("new")
        #expect(try other.produce(Array("meanwhile".utf8), to: "new").error == .none)
        files.gate.thaw()
        #expect(try reader.receiveSessionFetch().error == .none)
    }

    /// A session may be closed by another connection while one of its fetches waits for the disk.
    @Test func aSessionMayEndWhileItsFetchReads() throws {
        defer { server.stop() }
        let (reader, other) = (try WireClient(port: port), try WireClient(port: port))
        try makeOldData("old", other)
        try reader.sendSessionFetch("old", from: 0, session: 0, epoch: 0)
        let opened = try reader.receiveSessionFetch()
        #expect(opened.error == .none && opened.session != 0)
        files.gate.freeze()
        try reader.sendSessionFetch("old", from: 0, session: opened.session, epoch: 1)
        // At the end there is nothing to read, and nothing to wait for.
        try other.sendSessionFetch("old", from: 12, session: opened.session, epoch: -1)
        #expect(try other.receiveSessionFetch().error == .none)
        files.gate.thaw()
        _ = try reader.receiveSessionFetch()
        #expect(try other.produce(Array("more".utf8), to: "old").error == .none)
        #expect(try other.fetch("old", from: 12).records.count > 0)
    }
}
