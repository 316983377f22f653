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
