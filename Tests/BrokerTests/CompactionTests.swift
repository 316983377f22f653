import Broker
import Bytes
import Configuration
import KafkaProtocol
import KafkaProtocolMore
import MartletTesting
import Records
import Testing

/// Compaction in a whole broker, with one shard and with three.
@Suite struct CompactionTests {
    private func settings(_ shards: Int) -> [String: String] {
        ["martlet.shards": "\(shards)", "log.cleaner.backoff.ms": "20"]
    }

    private let topic = [
        "cleanup.policy": "compact", "segment.bytes": "1048576", "min.cleanable.dirty.ratio": "0.01",
    ]

    private func batch(_ key: String, _ value: [UInt8]?) -> [UInt8] {
        var builder = BatchBuilder()
        let isTaken = builder.append(timestamp: 1_790_000_000_000, key: Array(key.utf8), value: value)
        #expect(isTaken)
        return builder.finish().all.bytes
    }

    /// Sends what fills more than two segments, with a few keys.
    private func fill(_ client: WireClient, partition: Int32, round: Int) throws {
        for number in 0..<24 {
            let value = [UInt8](repeating: UInt8(truncatingIfNeeded: round * 24 + number), count: 100_000)
            try client.sendProduce(batch("k\(number % 3)", value), to: "t", partition: partition)
            #expect(try client.receiveProduced().error == .none)
        }
    }

    /// Offsets and keys of all records of a partition.
    private func records(_ client: WireClient, partition: Int32) throws -> [(offset: Int64, key: String, first: UInt8?)]
    {
        var found: [(offset: Int64, key: String, first: UInt8?)] = []
        var offset: Int64 = 0
        while true {
            let answer = try client.fetch("t", partition: partition, from: offset)
            #expect(answer.error == .none)
            guard answer.error == .none, offset < answer.highWatermark else { return found }
            try answer.records.withUnsafeBytes { buffer in
                var batches = RecordBatches(buffer)
                while let batch = try batches.next() {
                    offset = batch.header.nextOffset
                    var iterator = RecordIterator(uncompressed: batch)
                    while let record = try iterator.next() {
                        found.append(
                            (
                                batch.header.offset(of: record),
                                String(decoding: record.key ?? .init(start: nil, count: 0), as: UTF8.self),
                                record.value?.first
                            ))
                    }
                }
            }
        }
    }

    @Test(arguments: [1, 3]) func aTopicShrinksToTheNewestValues(shards: Int) throws {
        let broker = try TestBroker(settings: settings(shards))
        defer { broker.stop() }
        let client = try WireClient(port: broker.port)
        try client.createTopic("t", partitions: 4, settings: topic)
        for partition in Int32(0)..<4 { try fill(client, partition: partition, round: 0) }
        for isRestarted in [false, true] {
            if isRestarted {
                broker.stop(keepingData: true)
                try broker.start()
            }
            let client = try WireClient(port: broker.port)
            for partition in Int32(0)..<4 {
                var found = try records(client, partition: partition)
                // 24 records of 100 kB: at most ten of them are in the active segment, and three keys are kept.
                for _ in 0..<10_000 where found.count > 13 { found = try records(client, partition: partition) }
                #expect(found.count <= 13)
                #expect(found.suffix(3).map(\.offset) == [21, 22, 23])
                #expect(found.suffix(3).map(\.key) == ["k0", "k1", "k2"])
                #expect(found.map(\.offset) == found.map(\.offset).sorted())
            }
        }
    }

    @Test func aStopDoesNotWaitForASlowCompaction() throws {
        var slow = settings(1)
        slow["log.cleaner.io.max.bytes.per.second"] = "1000"
        let broker = try TestBroker(settings: slow)
        let client = try WireClient(port: broker.port)
        try client.createTopic("t", settings: topic)
        for round in 0..<3 { try fill(client, partition: 0, round: round) }
        broker.stop(keepingData: true)
        try broker.start()
        defer { broker.stop() }
        let found = try records(try WireClient(port: broker.port), partition: 0)
        #expect(found.count == 72)
    }
}
