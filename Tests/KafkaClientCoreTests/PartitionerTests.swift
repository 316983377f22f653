import Bytes
import Testing

@testable import KafkaClientCore

struct PartitionerTests {
    /// Values of Kafka's own tests.
    @Test(arguments: [
        ("21", -973_932_308), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971), ("abc", 479_470_107),
    ])
    func murmur2IsKafkas(text: String, hash: Int) {
        #expect(Int32(bitPattern: murmur2(text.bytes)) == Int32(hash))
    }

    @Test func keysAreSpreadAndStable() {
        var counts = [Int32: Int]()
        for key in 0..<3_000 { counts[Partitioner.partition(ofKey: "key-\(key)".bytes, count: 7), default: 0] += 1 }
        #expect(counts.count == 7)
        #expect(counts.values.allSatisfy { $0 > 300 && $0 < 560 })
        #expect(Partitioner.partition(ofKey: "abc".bytes, count: 5) == Int32(479_470_107 % 5))
    }

    @Test func recordsWithoutKeyStayUntilABatchIsFull() {
        var generator = SeededGenerator(seed: 3)
        var partitioner = Partitioner(stickyBytes: 100)
        var chosen: [Int32] = []
        for _ in 0..<30 {
            chosen.append(
                partitioner.stickyPartition(
                    topic: "t", size: 10, available: [0, 1, 2], count: 3, using: &generator))
        }
        let runs = stride(from: 0, to: 30, by: 10).map { Set(chosen[$0..<$0 + 10]) }
        #expect(runs.allSatisfy { $0.count == 1 })
        #expect(runs[0] != runs[1] && runs[1] != runs[2])
    }

    @Test func aPartitionThatLostItsLeaderIsLeft() {
        var generator = SeededGenerator(seed: 3)
        var partitioner = Partitioner(stickyBytes: 1_000)
        let first = partitioner.stickyPartition(topic: "t", size: 1, available: [0, 1], count: 2, using: &generator)
        let other = 1 - first
        let next = partitioner.stickyPartition(topic: "t", size: 1, available: [other], count: 2, using: &generator)
        #expect(next == other)
    }
}
