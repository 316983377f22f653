import Broker
import Bytes
import Configuration
import Files
import Glibc
import KafkaProtocol
import KafkaProtocolMore
import Testing

/// A disk without room, and what an operator does about it.
@Suite struct FullDiskTests {
    private static let checkpoint = "/data/recovery-point-offset-checkpoint"

    private func start(_ disk: SimulatedFileSystem) throws -> BrokerServer {
        var input = ConfigurationInput()
        input.arguments = [
            .init(key: "listeners", value: "PLAINTEXT://127.0.0.1:0"), .init(key: "log.dirs", value: "/data"),
            .init(key: "martlet.shards", value: "2"), .init(key: "auto.create.topics.enable", value: "false"),
        ]
        return try BrokerServer.start(BrokerConfiguration(input), fileSystem: disk)
    }

    private func client(_ server: BrokerServer) throws -> WireClient {
        try WireClient(port: try #require(server.endpoints.first).port)
    }

    /// From now on there is no room for a new file whose name has this end.
    private func fill(_ disk: SimulatedFileSystem, on suffix: String) {
        disk.withFaults { $0.script(.open, on: suffix, .full, times: .max) }
    }

    private func empty(_ disk: SimulatedFileSystem) { disk.withFaults { $0 = SimulatedFaults() } }

    private func until(_ condition: () throws -> Bool) throws {
        for _ in 0..<20_000 {
            if try condition() { return }
            usleep(1_000)
        }
        Issue.record("it does not come to pass")
    }

    private func directories(of topic: String, on disk: SimulatedFileSystem) throws -> [String] {
        try disk.list("/data").filter { $0.hasPrefix("\(topic)-") }
    }

    /// The lines that the checkpoint has of a topic's partition.
    private func lines(of topic: String, on disk: SimulatedFileSystem) throws -> [String] {
        guard try disk.status(FullDiskTests.checkpoint) != nil else { return [] }
        let file = try disk.open(FullDiskTests.checkpoint, .read)
        var bytes = [UInt8](repeating: 0, count: Int(try file.size()))
        _ = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init).filter {
            $0.hasPrefix("\(topic) ")
        }
    }

    private func delete(_ topic: String, _ client: WireClient) throws {
        try client.sendDeleteTopic(topic)
        try client.receiveDeletedTopic()
    }

    // MARK: Deleted topics

    @Test func aTopicIsDeletedAtOnceAndItsFilesAsWell() throws {
        let disk = SimulatedFileSystem()
        let server = try start(disk)
        defer { server.stop() }
        let client = try client(server)
        for topic in ["a", "b"] {
            try client.createTopic(topic, partitions: 4)
            for partition in Int32(0)..<4 { _ = try client.produce([1], to: topic, partition: partition) }
        }
        try until { try lines(of: "a", on: disk).count == 4 }
        fill(disk, on: "-checkpoint.tmp")
        try delete("a", client)
        try until { try directories(of: "a", on: disk).isEmpty }
        #expect(try lines(of: "a", on: disk).count == 4, "the checkpoint could not be written yet")
        // Neither the next deletion nor another topic waits for that.
        try delete("b", client)
        try client.createTopic("c")
        #expect(try client.produce([1], to: "c").error == .none)
    }

    /// The checkpoint still has the offsets of the old topic.
    @Test func aNewTopicOfTheNameOpensWhenThereIsRoom() throws {
        let disk = SimulatedFileSystem()
        let server = try start(disk)
        defer { server.stop() }
        let client = try client(server)
        try client.createTopic("t")
        for value in UInt8(0)..<5 { _ = try client.produce([value], to: "t") }
        try until { try lines(of: "t", on: disk).contains { $0.hasPrefix("t 0 5") } }
        fill(disk, on: "-checkpoint.tmp")
        try delete("t", client)
        try client.createTopic("t")
        #expect(try client.produce([1], to: "t").error == .kafkaStorageError)
        #expect(try client.fetch("t", from: 0).error == .kafkaStorageError)
        #expect(try directories(of: "t", on: disk).allSatisfy { $0 != "t-0" })
        empty(disk)
        try until { try client.produce([1], to: "t").error == .none }
        #expect(try client.fetch("t", from: 0).highWatermark == 1)
    }

    /// Killed at each change that a deletion and a creation of the same name make to the disk: the old topic does not
    /// come back, and the new one has its own records only, and all of them.
    @Test(arguments: [true, false]) func aKillLeavesTheOldTopicOrNothingOfIt(isFull: Bool) throws {
        var hasLived = false
        var hasDied = false
        for changes in 0..<30 {
            var disk = SimulatedFileSystem()
            var server = try start(disk)
            var client = try client(server)
            try client.createTopic("t")
            for value in UInt8(0)..<5 { _ = try client.produce([value], to: "t") }
            #expect(try client.deleteRecords(before: 4, of: "t") == ErrorCode.none)
            if isFull { fill(disk, on: "-checkpoint.tmp") }
            disk.cutPower(afterChanges: changes)
            try client.sendDeleteTopic("t")
            let isDeleted = try client.receiveDeletion() == ErrorCode.none
            try client.sendCreateTopic("t", partitions: 1)
            let isCreated = try client.receiveCreatedTopic() == ErrorCode.none
            let next = disk.kill()
            server.stop()
            disk = next

            server = try start(disk)
            client = try self.client(server)
            if try client.fetch("t", from: 4).highWatermark == 5 {
                hasLived = true
                #expect(!isDeleted)
                server.stop()
                continue
            }
            hasDied = true
            try client.sendCreateTopic("t", partitions: 1)
            let again = try client.receiveCreatedTopic()
            #expect(again == .topicAlreadyExists || again == ErrorCode.none && !isCreated)
            #expect(try client.produce([9], to: "t").baseOffset == 0)
            let last = disk.kill()
            server.stop()
            disk = last
            server = try start(disk)
            let fetched = try self.client(server).fetch("t", from: 0)
            #expect(fetched.error == .none && fetched.highWatermark == 1, "after \(changes) changes")
            server.stop()
        }
        #expect(hasLived && hasDied)
    }

    // MARK: Deleted records

    @Test func recordsAreDeletedAndTheirFilesAtOnce() throws {
        let disk = SimulatedFileSystem()
        let server = try start(disk)
        defer { server.stop() }
        let client = try client(server)
        try client.createTopic("t")
        for value in UInt8(0)..<5 { _ = try client.produce(.init(repeating: value, count: 6_000), to: "t") }
        disk.capacity = disk.usedBytes
        #expect(try client.deleteRecords(before: 5, of: "t") == ErrorCode.none)
        try until { try disk.list("/data/t-0").allSatisfy { !$0.hasPrefix("00000000000000000000.") } }
        #expect(try client.produce([9], to: "t").baseOffset == 5)
    }

    // MARK: New topics

    @Test func aTopicThatHasNoRoomIsCreatedAndOpensLater() throws {
        let disk = SimulatedFileSystem()
        let server = try start(disk)
        defer { server.stop() }
        let client = try client(server)
        fill(disk, on: "partition.metadata.tmp")
        try client.createTopic("t", partitions: 4)
        for partition in Int32(0)..<4 {
            #expect(try client.produce([1], to: "t", partition: partition).error == .kafkaStorageError)
            #expect(try client.fetch("t", partition: partition, from: 0).error == .kafkaStorageError)
            #expect(try client.listOffset(of: "t", partition: partition) == .kafkaStorageError)
        }
        empty(disk)
        for partition in Int32(0)..<4 {
            try until { try client.produce([1], to: "t", partition: partition).error == .none }
            #expect(try client.listOffset(of: "t", partition: partition) == ErrorCode.none)
        }
    }
}

extension WireClient {
    fileprivate func receiveDeletion() throws -> ErrorCode? {
        try receive(.deleteTopics, version: 4) { (cursor) throws(DecodeError) in
            try DeleteTopicsResponse(from: &cursor, version: 4).responses.first.map {
                ErrorCode(rawValue: $0.errorCode)
            }
        }
    }

    fileprivate func listOffset(of topic: String, partition: Int32) throws -> ErrorCode? {
        var wanted = ListOffsetsRequest.ListOffsetsPartition()
        wanted.partitionIndex = partition
        wanted.timestamp = -1
        var row = ListOffsetsRequest.ListOffsetsTopic()
        row.name = topic
        row.partitions = [wanted]
        var request = ListOffsetsRequest()
        request.topics = [row]
        let answer = try ask(request, version: 4)
        return answer.topics.first?.partitions.first.map { ErrorCode(rawValue: $0.errorCode) }
    }
}
