import Bytes
import Files
import Foundation
import LogStorage
import Records
import Simulator
import Testing

/// What Apache Kafka's `kafka-dump-log.sh` makes of our files, judged by what it prints. `KAFKA_HOME` names the folder
/// that has `bin`.
struct DumpLogTests {
    let directory: TemporaryDirectory
    let harness: LogHarness
    static let count = 120

    init() throws {
        directory = try TemporaryDirectory()
        var configuration = LogConfiguration.small
        configuration.segmentBytes = 16_384
        harness = try LogHarness(RealFileSystem(), directory.path + "/t-0", configuration: configuration)
    }

    /// The script, nil where there is no reference to compare with.
    private var script: String? {
        guard let home = ProcessInfo.processInfo.environment["KAFKA_HOME"] else {
            print("SKIPPED: KAFKA_HOME is not set")
            return nil
        }
        return "\(home)/bin/kafka-dump-log.sh"
    }

    private func dump(_ script: String, _ arguments: [String], files: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: script)
        process.arguments = arguments + ["--files", files.joined(separator: ",")]
        process.environment = ProcessInfo.processInfo.environment.merging(["LOG_DIR": directory.path]) { $1 }
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text
    }

    private func fill() throws {
        let codecs = Compression.allCases
        for index in 0..<DumpLogTests.count {
            let producer = (id: Int64(index % 7), epoch: Int16(0), sequence: Int32(index / 7 * 3))
            try harness.append(
                Batch(
                    count: 3, timestamp: 1_700_000_000_000 + Int64(index / 2) * 1000, valueSize: 100,
                    compression: codecs[index % codecs.count], producer: producer, isTransactional: index % 7 > 4),
                leaderEpoch: Int32(index / 50))
            if index % 20 == 19 {
                for id in [Int64(5), 6] {
                    let marker = EndTransactionMarker(id == 5 ? .abort : .commit, coordinatorEpoch: 2)
                        .batch(producerId: id, producerEpoch: 0, timestamp: 1_700_000_000_000)
                    try harness.append(marker.all.bytes, leaderEpoch: Int32(index / 50), origin: .coordinator)
                }
            }
        }
        #expect(harness.log.segmentCount > 1)
    }

    private func files(_ suffix: String) throws -> [String] {
        try harness.fileSystem.list(harness.directory).filter { $0.hasSuffix(suffix) }.map(harness.path)
    }

    private func expectGoodDumps(_ script: String) throws {
        let complaints = ["Mismatches", "Exception", "not found", "Out of order", "invalid bytes", "isvalid: false"]
        func check(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) {
            for complaint in complaints where text.contains(complaint) {
                Issue.record("\(complaint): \(text.prefix(3000))", sourceLocation: sourceLocation)
            }
        }
        let logs = try dump(script, ["--deep-iteration"], files: files(".log"))
        check(logs)
        let offsets = logs.split(separator: "\n").filter { $0.contains("| offset:") }.compactMap { line in
            line.split(separator: " ").dropFirst(2).first.flatMap { Int64($0) }
        }
        #expect(offsets == Array(0..<harness.log.logEndOffset))
        #expect(logs.contains("isvalid: true"))

        let indexes = try files(".index") + files(".timeindex")
        let sane = try dump(script, ["--index-sanity-check"], files: indexes)
        check(sane)
        // The entries of an active segment may still wait in memory.
        let passed = sane.split(separator: "\n").filter {
            $0.hasSuffix("passed sanity check.") || $0.hasSuffix(".index is empty.")
        }
        #expect(passed.count == indexes.count, "\(sane)")
        let entries = try dump(script, [], files: indexes)
        check(entries)
        #expect(entries.contains("position: ") && entries.contains("timestamp: "))

        let transactions = try dump(script, [], files: files(".txnindex"))
        check(transactions)
        let aborted = harness.log.abortedTransactions(from: 0, to: .max)
        #expect(aborted.count == 6)
        for transaction in aborted {
            #expect(transactions.contains("producerId: 5 firstOffset: \(transaction.firstOffset) "))
        }
        let snapshots = try dump(script, [], files: files(".snapshot"))
        check(snapshots)
        #expect(snapshots.contains("producerId: 3 producerEpoch: 0"))
    }

    @Test func kafkaReadsAllFilesWhileTheyAreInUseAndAfterAStop() throws {
        guard let script else { return }
        try fill()
        try expectGoodDumps(script)
        _ = try harness.log.close()?.perform()
        try expectGoodDumps(script)
        let newest = try #require(try files(".snapshot").last)
        let snapshot = try dump(script, [], files: [newest])
        for producer in harness.log.activeProducers {
            #expect(
                snapshot.contains(
                    "producerId: \(producer.id) producerEpoch: 0 coordinatorEpoch: \(producer.coordinatorEpoch) "))
            #expect(snapshot.contains("lastSequence: \(producer.lastSequence) "))
        }
        try harness.reopen(closing: false)
        for _ in 0..<60 { try harness.append(Batch(timestamp: 1_700_001_000_000, valueSize: 300), leaderEpoch: 2) }
        try expectGoodDumps(script)
        try harness.reopen(cleanly: false, recoveryPoint: 0)
        try expectGoodDumps(script)
    }
}
