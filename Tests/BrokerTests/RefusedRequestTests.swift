import Broker
import Bytes
import Configuration
import Files
import KafkaProtocol
import KafkaProtocolMore
import Runtime
import Testing

/// What a request that fails leaves for those after it.
@Suite struct RefusedRequestTests {
    private let disk = SimulatedFileSystem()

    private func start(_ settings: [String: String] = [:]) throws -> BrokerServer {
        var input = ConfigurationInput()
        input.arguments = [
            .init(key: "listeners", value: "PLAINTEXT://127.0.0.1:0"), .init(key: "log.dirs", value: "/a,/b,/c"),
            .init(key: "martlet.shards", value: "1"),
        ]
        for (key, value) in settings { input.arguments.append(.init(key: key, value: value)) }
        return try BrokerServer.start(BrokerConfiguration(input), fileSystem: disk)
    }

    private func client(_ server: BrokerServer) throws -> WireClient {
        try WireClient(port: try #require(server.endpoints.first).port)
    }

    /// Creates a topic and produces to it; the directory that it is in.
    private func makeTopic(_ name: String, _ client: WireClient) throws -> String {
        try client.createTopic(name)
        for _ in 0..<3 { #expect(try client.produce([1], to: name).error == .none) }
        return try #require(["/a", "/b", "/c"].first { try disk.status("\($0)/\(name)-0") != nil })
    }

    private func fill(_ directory: String) {
        disk.withFaults {
            $0.script(.open, on: "\(directory)/log-start-offset-checkpoint.tmp", .full, times: .max)
        }
    }

    /// The client is told that the new start could not be stored; asking again does not make it so.
    @Test func aStartThatCouldNotBeStoredIsNotConfirmedLater() throws {
        let server = try start()
        defer { server.stop() }
        let client = try client(server)
        fill(try makeTopic("t", client))
        for _ in 0..<2 { #expect(try client.deleteRecords(before: 2, of: "t") == .kafkaStorageError) }
        disk.withFaults { $0 = SimulatedFaults() }
        for _ in 0..<2 { #expect(try client.deleteRecords(before: 2, of: "t") == ErrorCode.none) }
    }

    /// A directory that has no room for its checkpoints keeps nothing from what concerns others.
    @Test func aFullDirectoryConcernsOnlyItself() throws {
        let server = try start()
        defer { server.stop() }
        let client = try client(server)
        let full = try makeTopic("t1", client)
        #expect(try makeTopic("t2", client) != full)
        fill(full)
        #expect(try client.deleteRecords(before: 1, of: "t1") == .kafkaStorageError)
        #expect(try client.deleteRecords(before: 1, of: "t2") == ErrorCode.none)
        var request = DeleteTopicsRequest()
        (request.topicNames, request.timeoutMs) = (["t2"], 10_000)
        #expect(try client.ask(request, version: 5).responses.map(\.errorCode) == [0])
        // Nothing is opened before the checkpoints have forgotten what was deleted.
        try client.createTopic("t3")
        #expect(try client.produce([1], to: "t3").error == .none)
    }

    /// The deletion of a topic waits for room, a stop of the broker does not.
    @Test func aDeletionWithoutRoomDoesNotHoldUpTheStop() throws {
        let server = try start()
        let before = try client(server)
        fill(try makeTopic("t1", before))
        let home = try makeTopic("t2", before)
        var request = DeleteTopicsRequest()
        (request.topicNames, request.timeoutMs) = (["t1"], 10_000)
        try before.send(.deleteTopics, version: 5) { (writer) throws(EncodeError) in
            try request.encode(into: &writer, version: 5)
        }
        while try ["/a", "/b", "/c"].contains(where: { try disk.status("\($0)/t1-0") != nil }) {}
        let other = try client(server)
        try other.sendCreateTopic("t1", partitions: 1)
        #expect(try other.receiveCreatedTopic() == ErrorCode.none)
        server.stop(timeout: .milliseconds(200))
        disk.withFaults { $0 = SimulatedFaults() }

        let again = try start()
        defer { again.stop() }
        let after = try client(again)
        #expect(try disk.status("\(home)/t2-0") != nil)
        #expect(try after.produce([1], to: "t2").baseOffset == 3)
        #expect(try after.produce([1], to: "t1").baseOffset == 0)
    }

    @Test func aMoveThatIsRefusedLeavesTheOneUnderWay() throws {
        let server = try start(["replica.alter.log.dirs.io.max.bytes.per.second": "1"])
        defer { server.stop() }
        let client = try client(server)
        let homes = try ["t1", "t2", "t3"].map { try makeTopic($0, client) }
        try #require(Set(homes).count == 3)
        func move(to path: String) throws -> [Int16] {
            var topic = AlterReplicaLogDirsRequest.AlterReplicaLogDirTopic()
            (topic.name, topic.partitions) = ("t1", [0])
            var directory = AlterReplicaLogDirsRequest.AlterReplicaLogDir()
            (directory.path, directory.topics) = (path, [topic])
            var request = AlterReplicaLogDirsRequest()
            request.dirs = [directory]
            return try client.ask(request, version: 2).results.flatMap(\.partitions).map(\.errorCode)
        }
        func destinations() throws -> [String] {
            var request = DescribeLogDirsRequest()
            request.topics = nil
            let answer = try client.ask(request, version: 4)
            return answer.results.filter { $0.topics.contains { $0.partitions.contains(where: \.isFutureKey) } }
                .map(\.logDir)
        }
        disk.withFaults { $0.script(.write, on: "t3-0/00000000000000000000.log", .broken) }
        #expect(try client.produce([1], to: "t3").error == .kafkaStorageError)
        #expect(try move(to: homes[1]) == [0])
        #expect(try destinations() == [homes[1]])
        #expect(try move(to: homes[2]) == [ErrorCode.kafkaStorageError.rawValue])
        #expect(try destinations() == [homes[1]])
        #expect(try move(to: homes[0]) == [0])
        #expect(try destinations() == [])
    }
}
