import Bytes
import Foundation
import Testing

@testable import Records

/// Prints what the hot calls cost, where MARTLET_BENCH=1; only a release build tells the truth:
/// `MARTLET_BENCH=1 swift test -c release -Xswiftc -enable-testing --filter RecordsTests.Benchmarks`.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["MARTLET_BENCH"] == "1"), .serialized)
struct Benchmarks {
    /// Nanoseconds of one call: the best of many short rounds, so that others on the machine do not count.
    static func measure(_ calls: Int, _ body: () -> Int) -> Double {
        var best = Double.infinity
        var sink = 0
        for _ in 0..<300 {
            let start = ContinuousClock.now
            for _ in 0..<calls { sink &+= body() }
            let elapsed = (ContinuousClock.now - start) / .nanoseconds(1)
            best = min(best, elapsed / Double(calls))
        }
        #expect(sink != 1)
        return best
    }

    static func batch(records: Int, valueSize: Int, compression: Compression = .none) -> [UInt8] {
        var generator = SeededGenerator(seed: 60)
        return BatchBuilderTests.build(
            (0..<records).map {
                PlainRecord(
                    offset: 0, timestamp: HandmadeBatch.time + Int64($0), key: generator.text(count: 10),
                    value: generator.text(count: valueSize))
            }
        ) { $0.compression = compression }.all.bytes
    }

    static func say(_ what: String, _ nanoseconds: Double, bytes: Int? = nil) {
        let rate = bytes.map { String(format: ", %.1f GB/s", Double($0) / nanoseconds) } ?? ""
        print(String(format: "BENCH %@: %.1f ns%@", what, nanoseconds, rate))
    }

    @Test func checksum() {
        for size in [100, 1024, 16 << 10, 64 << 10, 1 << 20] {
            let bytes = [UInt8](repeating: 1, count: size)
            bytes.withUnsafeBytes { raw in
                Self.say(
                    "CRC-32C of \(size)", Self.measure(2_000_000 / (size + 2000) + 1) { Int(CRC32C.of(raw)) },
                    bytes: size
                )
            }
        }
    }

    @Test func walks() throws {
        for (records, valueSize) in [(64, 1024), (1000, 100), (1, 1024)] {
            try Self.batch(records: records, valueSize: valueSize).withBatch { batch in
                let name = "\(records) records of \(valueSize)"
                let walk = Self.measure(500) {
                    let summary = try? RecordSummary(
                        of: batch.storedRecords, count: batch.header.recordCount,
                        baseTimestamp: batch.header.baseTimestamp)
                    return Int(summary?.indexOfMaxTimestamp ?? 0)
                }
                Self.say("walk over \(name)", walk)
                let iterate = Self.measure(500) {
                    var iterator = RecordIterator(uncompressed: batch)
                    var sum = 0
                    while let record = try? iterator.next() { sum &+= record.value?.count ?? 0 }
                    return sum
                }
                Self.say("iterator over \(name), per record", iterate / Double(records))
            }
        }
    }

    @Test func verification() {
        let scratch = CodecScratch()
        let verifier = BatchVerifier(
            rules: VerificationRules(), produceVersion: 9, now: BatchVerifierTests.now, scratch: scratch)
        for (records, size) in [(1, 1024), (16, 1024), (64, 1024)] {
            for compression in records == 64 ? Compression.allCases : [.none] {
                let bytes = Self.batch(records: records, valueSize: size, compression: compression)
                bytes.withUnsafeBytes { raw in
                    let cost = Self.measure(compression == .none ? 200 : 10) {
                        Int((try? verifier.verify(raw))?.maxTimestamp ?? 0)
                    }
                    Self.say("verify \(records) records of \(size), \(compression.name)", cost, bytes: raw.count)
                }
            }
        }
    }
}
