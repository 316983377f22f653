import Broker
import Bytes
import Configuration
import Files
import KafkaProtocol
import Testing

/// A disk that loses something once: from then on nobody may take its word.
@Suite struct FailedDiskTests {
    private let disk = SimulatedFileSystem()

    private func start(shards: Int) throws -> BrokerServer {
        var input = ConfigurationInput()
        input.arguments = [
            .init(key: "listeners", value: "PLAINTEXT://127.0.0.1:0"), .init(key: "log.dirs", value: "/data"),
            .init(key: "martlet.shards", value: "\(shards)"),
        ]
        return try BrokerServer.start(BrokerConfiguration(input), fileSystem: disk)
    }

    /// The shards share the directory, so they share what befell it, also those that asked for nothing at that time.
    @Test(arguments: [FileOperation.sync, .write]) func oneFailureStopsEveryShard(operation: FileOperation) throws {
        let server = try start(shards: 2)
        defer { server.stop() }
        let client = try WireClient(port: try #require(server.endpoints.first).port)
        try client.createTopic("t", partitions: 8)
        for partition in Int32(0)..<8 {
            #expect(try client.produce([1], to: "t", partition: partition).error == .none)
        }
        disk.withFaults { $0.script(operation, on: ".log", .broken) }
        #expect(try client.produce([2], to: "t", partition: 0).error == .kafkaStorageError)
        for partition in Int32(0)..<8 {
            #expect(try client.produce([3], to: "t", partition: partition).error == .kafkaStorageError)
            let fetched = try client.fetch("t", partition: partition, from: 0)
            #expect(fetched.error == .none)
            #expect(fetched.highWatermark == 1)
        }
    }

    /// The kernel reports a lost page once to each who asks. Another process that syncs the file system does not take
    /// the report away from the broker.
    @Test func anErrorThatSomebodyElseWasToldOfIsMet() throws {
        let server = try start(shards: 1)
        defer { server.stop() }
        let client = try WireClient(port: try #require(server.endpoints.first).port)
        try client.createTopic("t", partitions: 8)
        #expect(try produce(client, partitions: 8).allSatisfy { $0 == .none })
        disk.withFaults { $0.script(.syncFileSystem, .broken) }
        let other = try disk.volume(of: "/")
        #expect(throws: FileError.self) { try other.sync() }
        #expect(try produce(client, partitions: 8).allSatisfy { $0 == .kafkaStorageError })
    }

    /// A failed sync may have taken records with it that no shard was told of. A clean stop may not sync what is left and
    /// count these as durable.
    @Test func aCleanStopTrustsNoDiskThatHasFailed() throws {
        let server = try start(shards: 2)
        let client = try WireClient(port: try #require(server.endpoints.first).port)
        try client.createTopic("t", partitions: 16)
        try client.createTopic("lazy", partitions: 4, settings: ["flush.messages": "1000"])
        for partition in Int32(0)..<4 {
            #expect(try client.produce([1], to: "lazy", partition: partition).error == .none)
        }
        disk.withFaults { $0.script(.syncFileSystem, .broken) }
        #expect(try produce(client, partitions: 16).contains(.kafkaStorageError))
        server.stop()

        let file = try disk.open("/data/recovery-point-offset-checkpoint", .read)
        var bytes = [UInt8](repeating: 0, count: Int(try file.size()))
        _ = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        #expect(lines.filter { $0.hasPrefix("lazy ") && !$0.hasSuffix(" 0") } == [])
    }

    /// One batch for each partition in one request, so that one round syncs them all.
    private func produce(_ client: WireClient, partitions: Int32) throws -> [ErrorCode] {
        let batch = WireClient.batch([7])
        try client.send(.produce, version: 7) { (writer) throws(EncodeError) in
            try writer.write(nil as String?, compact: false)
            writer.write(Int16(-1))
            writer.write(Int32(10_000))
            writer.write(Int32(1))
            try writer.write("t", compact: false)
            writer.write(partitions)
            for partition in 0..<partitions {
                writer.write(partition)
                try writer.write(batch, compact: false)
            }
        }
        return try client.receive(.produce, version: 7) { (cursor) throws(DecodeError) in
            try cursor.skip(4)
            _ = try cursor.string(compact: false)
            var errors: [ErrorCode] = []
            for _ in 0..<(try cursor.int32()) {
                try cursor.skip(4)
                errors.append(ErrorCode(rawValue: try cursor.int16()))
                try cursor.skip(24)
            }
            return errors
        }
    }
}
