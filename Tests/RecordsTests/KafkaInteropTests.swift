import Bytes
import Foundation
import Testing

@testable import Records

/// Apache Kafka's own reader opens what is built here. `KAFKA_HOME` names its folder.
@Suite struct KafkaInteropTests {
    @Test func dumpLogReadsEveryCodec() throws {
        guard let home = ProcessInfo.processInfo.environment["KAFKA_HOME"] else {
            print("SKIPPED: KAFKA_HOME is not set")
            return
        }
        let folder = FileManager.default.temporaryDirectory.appending(path: "martlet-batches-\(Foundation.UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var generator = SeededGenerator(seed: 70)
        var log: [UInt8] = []
        var expected: [String] = []
        var offset: Int64 = 0
        func store(_ batch: Buffer, payloads: [String]) throws {
            var bytes = batch.all.bytes
            try bytes.withUnsafeMutableBytes {
                try MutableRecordBatchView($0).assign(baseOffset: offset, partitionLeaderEpoch: 3)
            }
            log += bytes
            for payload in payloads {
                expected.append("offset: \(offset) payload: \(payload)")
                offset += 1
            }
        }
        for compression in Compression.allCases {
            for level in Set([compression.defaultLevel, compression.levels?.upperBound].compactMap { $0 }) {
                let texts = (0..<200).map { "\(compression.name) \($0) \(generator.next())" }
                let records = texts.map {
                    PlainRecord(offset: 0, timestamp: HandmadeBatch.time, key: nil, value: Array($0.utf8))
                }
                let batch = BatchBuilderTests.build(records) {
                    $0.compression = compression
                    $0.level = level
                }
                try store(batch, payloads: texts)
            }
        }
        let marker = EndTransactionMarker(.commit, coordinatorEpoch: 9).batch(
            producerId: 77, producerEpoch: 1, timestamp: HandmadeBatch.time)
        try store(marker, payloads: [])
        let file = folder.appending(path: "00000000000000000000.log")
        try Data(log).write(to: file)
        let output = try dump(home, file)
        #expect(output.contains("endTxnMarker: COMMIT coordinatorEpoch: 9"))
        #expect(!output.contains("isvalid: false"))
        #expect(found(output) == expected)
    }

    private func dump(_ home: String, _ file: URL) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "\(home)/bin/kafka-dump-log.sh")
        process.arguments = ["--deep-iteration", "--print-data-log", "--files", file.path]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        defer { process.waitUntilExit() }
        return String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    }

    /// Offset and payload of each record that the tool printed.
    private func found(_ output: String) -> [String] {
        output.split(separator: "\n").compactMap { line in
            guard line.hasPrefix("| offset: "), let payload = line.range(of: "payload: ") else { return nil }
            let offset = line.dropFirst("| offset: ".count).prefix { $0.isNumber }
            return "offset: \(offset) payload: \(line[payload.upperBound...])"
        }
    }
}
