import Configuration
import KafkaProtocol
import Replication
import Runtime
import Testing

@testable import Broker

/// Fetches that wait for partitions of other shards.
@Suite struct PartitionWatchTests {
    private static let partitions: Int32 = 6
    private let directory: TemporaryDirectory
    private let server: BrokerServer
    private let port: UInt16

    init() throws {
        directory = try TemporaryDirectory()
        var input = ConfigurationInput()
        input.arguments = [
            .init(key: "listeners", value: "PLAINTEXT://127.0.0.1:0"), .init(key: "log.dirs", value: directory.path),
            .init(key: "martlet.shards", value: "3"),
        ]
        server = try BrokerServer.start(BrokerConfiguration(input))
        port = try #require(server.endpoints.first).port
        try WireClient(port: port).createTopic("t", partitions: PartitionWatchTests.partitions)
    }

    /// How many subscribers each partition has with the shard that owns it.
    private func subscribers() throws -> [Int] {
        var counts: [Int] = []
        for shard in server.broker.shards {
            let counted = try Rendezvous<[Int]>()
            shard.post(.call { counted.put($0.localPartitions.map { $0.partition.subscribers.members.count }) })
            counts += counted.wait()
        }
        return counts
    }

    @Test func fetchesThatTimeOutLeaveNothingWithTheOwner() throws {
        defer { server.stop() }
        let clients = try (0..<6).map { _ in try WireClient(port: port) }
        for _ in 0..<20 {
            for partition in 0..<PartitionWatchTests.partitions {
                for client in clients { try client.sendFetch("t", partition: partition, from: 0, maximumWait: 1) }
                for client in clients { #expect(try client.receiveFetched().records.isEmpty) }
            }
        }
        let waiting = try subscribers()
        #expect(waiting.count == Int(PartitionWatchTests.partitions))
        #expect(waiting.allSatisfy { $0 == 2 }, "one watch for each other shard, however many fetches: \(waiting)")
        for partition in 0..<PartitionWatchTests.partitions {
            #expect(try clients[0].produce([1], to: "t", partition: partition).error == .none)
        }
        // By now every shard has heard of the moves, and by the second time the owners of what it had to say to them.
        _ = try subscribers()
        #expect(try subscribers().allSatisfy { $0 == 0 }, "nobody waits any more")
    }

    /// Each move counts, not only the first after the fetch began to wait.
    @Test func aFetchWaitsForSeveralAppends() throws {
        defer { server.stop() }
        let (producer, consumer) = (try WireClient(port: port), try WireClient(port: port))
        let size = WireClient.batch([1]).count
        for partition in 0..<PartitionWatchTests.partitions {
            try consumer.sendFetch(
                "t", partition: partition, from: 0, maximumWait: 60_000, minimumBytes: Int32(4 * size))
            for _ in 0..<4 { _ = try producer.produce([1], to: "t", partition: partition) }
            #expect(try consumer.receiveFetched().records.count == 4 * size)
        }
    }

    @Test func deletionWakesWhoWaits() throws {
        defer { server.stop() }
        let consumers = try (0..<3).map { _ in try WireClient(port: port) }
        let admin = try WireClient(port: port)
        for consumer in consumers { try consumer.sendFetch("t", partition: 0, from: 0, maximumWait: 60_000) }
        try admin.sendDeleteTopic("t")
        try admin.receiveDeletedTopic()
        for consumer in consumers {
            let error = try consumer.receiveFetched().error
            #expect(error == .unknownTopicOrPartition || error == .notLeaderOrFollower)
        }
    }
}
