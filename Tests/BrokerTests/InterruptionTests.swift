import Broker
import Bytes
import Configuration
import Files
import KafkaProtocol
import KafkaProtocolMore
import Testing

/// What was under way when a broker ended.
@Suite struct InterruptionTests {
    private let root: TemporaryDirectory
    private let disk = RealFileSystem()

    init() throws { root = try TemporaryDirectory() }

    private func start(_ paths: [String], on fileSystem: any FileSystem = RealFileSystem()) throws -> BrokerServer {
        var input = ConfigurationInput()
        input.arguments = [
            .init(key: "listeners", value: "PLAINTEXT://127.0.0.1:0"),
            .init(key: "log.dirs", value: paths.joined(separator: ",")),
        ]
        return try BrokerServer.start(BrokerConfiguration(input), fileSystem: fileSystem)
    }

    private func client(_ server: BrokerServer) throws -> WireClient {
        try WireClient(port: try #require(server.endpoints.first).port)
    }

    /// As a power loss would leave the directory if everything written by now had reached the disk.
    private func copy(_ source: String, to target: String) throws {
        try disk.createDirectory(target)
        for name in try disk.list(source) {
            let (from, to) = ("\(source)/\(name)", "\(target)/\(name)")
            if try disk.status(from)?.isDirectory == true {
                try copy(from, to: to)
                continue
            }
            let file = try disk.open(from, .read)
            var bytes = [UInt8](repeating: 0, count: Int(try file.size()))
            _ = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
            try disk.open(to, .replace).writeAll(bytes, at: 0)
        }
    }

    /// DeleteRecords was answered, and the segments have their names yet.
    @Test func deletedRecordsDoNotComeBackWhileTheirSegmentsGo() throws {
        let files = GatedFileSystem()
        let (data, crashed) = (root.path + "/data", root.path + "/crashed")
        let server = try start([data], on: files)
        let client = try client(server)
        try client.createTopic("t")
        for _ in 0..<3 { _ = try client.produce([1], to: "t") }
        files.gate.holdDeletions(true)
        var partition = DeleteRecordsRequest.DeleteRecordsPartition()
        partition.offset = -1
        var topic = DeleteRecordsRequest.DeleteRecordsTopic()
        topic.name = "t"
        topic.partitions = [partition]
        var request = DeleteRecordsRequest()
        request.timeoutMs = 10_000
        request.topics = [topic]
        #expect(try client.ask(request, version: 2).topics.first?.partitions.first?.lowWatermark == 3)
        try copy(data, to: crashed)
        files.gate.holdDeletions(false)
        server.stop()

        #expect(try disk.list(crashed + "/t-0").contains("00000000000000000000.log"))
        for path in [crashed, data] {
            let again = try start([path])
            defer { again.stop() }
            let reader = try self.client(again)
            #expect(try reader.fetch("t", from: 0).error == .offsetOutOfRange)
            #expect(try reader.fetch("t", from: 3).highWatermark == 3)
            #expect(try reader.produce([1], to: "t").baseOffset == 3)
        }
    }

    @Test func aMoveToAnotherDirectoryGoesOnAfterARestart() throws {
        let paths = [root.path + "/one", root.path + "/two"]
        var server = try start(paths)
        let before = try client(server)
        try before.createTopic("t", partitions: 2)
        for _ in 0..<5 { _ = try before.produce([1, 2, 3], to: "t", partition: 1) }
        server.stop()
        let source = try #require(paths.first { try disk.status("\($0)/t-1") != nil })
        let target = try #require(paths.first { $0 != source })
        let future = "\(target)/t-1.0123456789abcdef0123456789abcdef-future"
        try disk.createDirectory(future)
        try disk.open(future + "/00000000000000000000.log", .replace).writeAll([1, 2, 3], at: 0)

        server = try start(paths)
        defer { server.stop() }
        let after = try client(server)
        var attempts = 0
        while try disk.status("\(target)/t-1") == nil || disk.status("\(source)/t-1") != nil, attempts < 20_000 {
            _ = try after.fetch("t", from: 0)
            attempts += 1
        }
        #expect(try disk.status("\(target)/t-1") != nil && disk.status("\(source)/t-1") == nil)
        #expect(try disk.status(future) == nil)
        var next = try after.produce([4], to: "t", partition: 1)
        while next.error == .notLeaderOrFollower { next = try after.produce([4], to: "t", partition: 1) }
        #expect(next.baseOffset == 5)
        #expect(try after.fetch("t", partition: 1, from: 0).highWatermark == 6)
    }
}
