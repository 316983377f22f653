import Broker
import Configuration
import Files
import KafkaProtocol
import Testing

@Suite struct DurabilityTests {
    private func start(
        on recording: RecordingFileSystem, in directory: String, settings: [String: String] = [:]
    ) throws -> BrokerServer {
        var input = ConfigurationInput()
        input.arguments = [
            .init(key: "listeners", value: "PLAINTEXT://127.0.0.1:0"), .init(key: "log.dirs", value: directory),
        ]
        input.arguments += settings.map { .init(key: $0.key, value: $0.value) }
        return try BrokerServer.start(BrokerConfiguration(input), fileSystem: recording)
    }

    /// kill -9 keeps the page cache and proves nothing about syncs: what is recorded of the calls does.
    @Test(arguments: [Int16(-1), 1]) func noAcknowledgementLeavesBeforeItsSync(acks: Int16) throws {
        let directory = try TemporaryDirectory()
        let recording = RecordingFileSystem(RealFileSystem())
        let server = try start(on: recording, in: directory.path)
        defer { server.stop() }
        let client = try WireClient(port: try #require(server.endpoints.first).port)
        try client.createTopic("t")
        let log = "\(directory.path)/t-0/00000000000000000000.log"
        var end: Int64 = 0
        for number in 0..<50 {
            let answer = try client.produce(Array("record \(number)".utf8), to: "t", acks: acks)
            #expect(answer.error == .none)
            #expect(answer.baseOffset == Int64(number))
            let begin = end
            end += Int64(answer.batchSize)
            #expect(recording.trace.isDurable(log, begin..<end), "acknowledged before it was synced: \(number)")
        }
    }

    /// The same question asked of the page-cache class, where the answer must be no: the test can fail.
    @Test func thePageCacheClassDoesNotWaitForTheSync() throws {
        let directory = try TemporaryDirectory()
        let recording = RecordingFileSystem(RealFileSystem())
        let server = try start(
            on: recording, in: directory.path, settings: ["log.flush.interval.messages": "9223372036854775807"])
        defer { server.stop() }
        let client = try WireClient(port: try #require(server.endpoints.first).port)
        try client.createTopic("t")
        let answer = try client.produce(Array("record".utf8), to: "t")
        #expect(answer.error == .none)
        #expect(
            !recording.trace.isDurable("\(directory.path)/t-0/00000000000000000000.log", 0..<Int64(answer.batchSize)))
    }

    /// Whoever reads a record must find it again after a crash: nothing is served before it is durable.
    @Test func nothingIsFetchedBeforeItsSync() throws {
        let directory = try TemporaryDirectory()
        let recording = RecordingFileSystem(RealFileSystem())
        let server = try start(on: recording, in: directory.path)
        defer { server.stop() }
        let port = try #require(server.endpoints.first).port
        let (producer, consumer) = (try WireClient(port: port), try WireClient(port: port))
        try producer.createTopic("t")
        let batch = WireClient.batch(Array("record".utf8))
        for number in 0..<20 {
            try producer.sendProduce(batch, to: "t", partition: 0)
            let fetched = try consumer.fetch("t", from: Int64(number), maximumWait: 10_000)
            #expect(fetched.records.count == batch.count)
            let begin = Int64(number * batch.count)
            #expect(
                recording.trace.isDurable(
                    "\(directory.path)/t-0/00000000000000000000.log", begin..<begin + Int64(batch.count)))
            _ = try producer.receiveProduced()
        }
    }

    /// Thousands of logs would be synced for minutes, one after another.
    @Test func aCleanStopSyncsManyLogsTogether() throws {
        let directory = try TemporaryDirectory()
        let recording = RecordingFileSystem(RealFileSystem())
        let server = try start(
            on: recording, in: directory.path, settings: ["log.flush.interval.messages": "9223372036854775807"])
        let client = try WireClient(port: try #require(server.endpoints.first).port)
        try client.createTopic("t", partitions: 20)
        var sizes: [Int] = []
        for partition in Int32(0)..<20 {
            sizes.append(try client.produce(Array("record".utf8), to: "t", partition: partition).batchSize)
        }
        recording.mark("stop")
        server.stop()
        let events = recording.events
        let stop = try #require(events.firstIndex { $0.kind == .mark("stop") })
        let logSyncs = events[stop...].filter { event in
            if case .syncBegan = event.kind { event.path.hasSuffix(".log") } else { false }
        }
        #expect(logSyncs.isEmpty)
        for (partition, size) in sizes.enumerated() {
            let log = "\(directory.path)/t-\(partition)/00000000000000000000.log"
            #expect(recording.trace.isDurable(log, 0..<Int64(size)))
        }
    }
}
