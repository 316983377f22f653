import Broker
import Configuration
import Files
import KafkaProtocol
import Testing

/// Starts on directories in which something is missing or wrong.
@Suite struct StartTests {
    let temporary: TemporaryDirectory
    let disk = RealFileSystem()

    init() throws { temporary = try TemporaryDirectory() }

    private var first: String { temporary.path + "/d1" }
    private var second: String { temporary.path + "/d2" }

    private func start(_ directories: [String], settings: [String: String] = [:]) throws -> BrokerServer {
        var input = ConfigurationInput()
        input.arguments = [
            .init(key: "listeners", value: "PLAINTEXT://127.0.0.1:0"),
            .init(key: "log.dirs", value: directories.joined(separator: ",")),
        ]
        input.arguments += settings.map { .init(key: $0.key, value: $0.value) }
        return try BrokerServer.start(BrokerConfiguration(input))
    }

    private func client(_ server: BrokerServer) throws -> WireClient {
        try WireClient(port: try #require(server.endpoints.first).port)
    }

    /// A broker that was stopped cleanly, with a record in each of four partitions.
    private func fill(_ directories: [String]) throws {
        let server = try start(directories)
        defer { server.stop() }
        let client = try client(server)
        try client.createTopic("t", partitions: 4)
        for partition in Int32(0)..<4 { _ = try client.produce([1, 2, 3], to: "t", partition: partition) }
    }

    private func ends(_ server: BrokerServer) throws -> [Int64] {
        let client = try client(server)
        return try (Int32(0)..<4).map { try client.fetch("t", partition: $0, from: 0).highWatermark }
    }

    private func read(_ path: String) throws -> [UInt8] {
        let file = try disk.open(path, .read)
        var bytes = [UInt8](repeating: 0, count: Int(try file.size()))
        _ = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
        return bytes
    }

    private func write(_ bytes: [UInt8], to path: String) throws {
        try disk.open(path, .replace).writeAll(bytes, at: 0)
    }

    private func refusal(_ directories: [String]) -> String {
        do {
            try start(directories).stop()
            return "started"
        } catch let error as StartupError {
            return error.kind == .environment ? error.description : "\(error.kind)"
        } catch {
            return "\(error)"
        }
    }

    @Test(arguments: [nil, [], Array("rubbish".utf8)] as [[UInt8]?])
    func aPartitionThatDoesNotSayWhoseItIsBelongsToTheTopicOfItsName(metadata: [UInt8]?) throws {
        try fill([first])
        let path = first + "/t-2/partition.metadata"
        let before = try read(path)
        try disk.removeFile(path)
        if let metadata { try write(metadata, to: path) }
        let server = try start([first])
        defer { server.stop() }
        #expect(try ends(server) == [1, 1, 1, 1])
        #expect(try read(path) == before)
    }

    @Test func aPartitionOfAnotherTopicIsPutAside() throws {
        try fill([first])
        let path = first + "/t-2/partition.metadata"
        try write(Array("version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAABA".utf8), to: path)
        let server = try start([first])
        defer { server.stop() }
        #expect(try ends(server) == [1, 1, 0, 1])
        #expect(try disk.list(first).contains { $0.hasPrefix("t-2.") && $0.hasSuffix("-stray") })
    }

    /// What another topic of the name has left in one log directory does not hide the partition that is in another.
    @Test func aPartitionIsFoundInWhicheverDirectoryItIs() throws {
        try fill([first, second])
        for directory in [first, second] {
            for partition in 0..<4 where try disk.status("\(directory)/t-\(partition)") == nil {
                try disk.createDirectory("\(directory)/t-\(partition)")
                try write(
                    Array("version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAABA".utf8),
                    to: "\(directory)/t-\(partition)/partition.metadata")
            }
        }
        let server = try start([first, second])
        defer { server.stop() }
        #expect(try ends(server) == [1, 1, 1, 1])
    }

    @Test func partitionsWithoutMetadataAreNotStarted() throws {
        try fill([first])
        try disk.rename(first + "/metadata", to: temporary.path + "/metadata")
        for _ in 0..<2 {
            let refusal = refusal([first])
            #expect(refusal.hasPrefix(first + "/metadata has neither a journal nor a snapshot"), "\(refusal)")
        }
        try disk.removeDirectory(first + "/metadata")
        try disk.rename(temporary.path + "/metadata", to: first + "/metadata")
        let server = try start([first])
        defer { server.stop() }
        #expect(try ends(server) == [1, 1, 1, 1])
    }

    @Test func aFirstStartThatWasCutShortIsRepeated() throws {
        try start([first]).stop()
        try disk.removeDirectory(first + "/metadata")
        try start([first]).stop()
    }

    @Test func aJournalThatLostItsEndAfterACleanStopIsNotCut() throws {
        try fill([first])
        let path = first + "/metadata/00000000000000000000.journal"
        let whole = try read(path)
        try disk.open(path, .readWrite).truncate(to: Int64(whole.count - 10))
        // The refusal itself must not make the next start take it for a crash.
        for _ in 0..<2 {
            let refusal = refusal([first])
            #expect(refusal.contains("\(path) is damaged at byte "), "\(refusal)")
        }
        try write(whole, to: path)
        let server = try start([first])
        defer { server.stop() }
        #expect(try ends(server) == [1, 1, 1, 1])
    }

    @Test(arguments: [true, false]) func aLogDirectoryThatIsLostHasToBeGivenUp(isReplaced: Bool) throws {
        try fill([first, second])
        try disk.rename(second, to: temporary.path + "/lost")
        let directories = isReplaced ? [first, second] : [first]
        for _ in 0..<2 { #expect(refusal(directories).contains("martlet.log.dirs.accept.lost=true")) }
        #expect(try disk.status(second + "/meta.properties") == nil, "a refused start formats nothing")

        var server = try start(directories, settings: ["martlet.log.dirs.accept.lost": "true"])
        #expect(try ends(server).reduce(0, +) == 2)
        server.stop()
        server = try start(directories)
        defer { server.stop() }
        #expect(try ends(server).reduce(0, +) == 2)
    }

    @Test func aLogDirectoryMayBeAdded() throws {
        try fill([first])
        let server = try start([first, second])
        defer { server.stop() }
        #expect(try ends(server) == [1, 1, 1, 1])
    }
}
