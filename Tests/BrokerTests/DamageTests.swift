import Broker
import Bytes
import Configuration
import Files
import Glibc
import KafkaProtocol
import Records
import Testing

/// Flipped bits anywhere in the data of a whole broker: it starts, or says which file is why not, and what is fetched is
/// what was written, or CORRUPT_MESSAGE.
///
/// `MARTLET_SEED` repeats a run, `MARTLET_STARTS` makes more or fewer of them.
@Suite struct DamageTests {
    private static func environment(_ name: String) -> UInt64? { getenv(name).flatMap { UInt64(String(cString: $0)) } }

    private static let topics = ["many-segments", "compacted", "one-segment"]
    private static let recordCount: Int64 = 12

    private let root: TemporaryDirectory
    private let disk = RealFileSystem()
    private var directory: String { root.path + "/data" }

    init() throws { root = try TemporaryDirectory() }

    private func start() throws -> BrokerServer {
        var input = ConfigurationInput()
        input.arguments = [
            .init(key: "listeners", value: "PLAINTEXT://127.0.0.1:0"), .init(key: "log.dirs", value: directory),
            .init(key: "martlet.shards", value: "1"),
        ]
        return try BrokerServer.start(BrokerConfiguration(input))
    }

    /// Writes the topics, stops cleanly, and answers what each has: batches by their base offsets.
    private func fill() throws -> [String: [Int64: [UInt8]]] {
        let server = try start()
        defer { server.stop() }
        let client = try WireClient(port: try #require(server.endpoints.first).port)
        try client.createTopic(DamageTests.topics[0], settings: ["segment.ms": "1"])
        try client.createTopic(DamageTests.topics[1], settings: ["cleanup.policy": "compact", "segment.ms": "1"])
        try client.createTopic(DamageTests.topics[2])
        var written: [String: [Int64: [UInt8]]] = [:]
        for topic in DamageTests.topics {
            for number in 0..<UInt8(DamageTests.recordCount) {
                var builder = BatchBuilder(BatchBuilder.Options())
                _ = builder.append(
                    timestamp: 1_700_000_000_000 + Int64(number), key: [number % 3],
                    value: [UInt8](repeating: number, count: 50))
                try client.sendProduce(builder.finish().all.bytes, to: topic, partition: 0)
                #expect(try client.receiveProduced() == (.none, Int64(number)))
                if topic != DamageTests.topics[2] { usleep(2_000) }
            }
            var next: Int64 = 0
            while next < DamageTests.recordCount {
                let records = try client.fetch(topic, from: next).records
                try split(records, into: &written[topic, default: [:]])
                guard let last = try lastOffset(of: records) else { break }
                next = last + 1
            }
        }
        return written
    }

    private func split(_ records: [UInt8], into batches: inout [Int64: [UInt8]]) throws {
        try records.withUnsafeBytes { buffer in
            var rest = RecordBatches(buffer)
            while let batch = try rest.next() {
                let start = buffer.count - rest.remaining - batch.header.totalSize
                batches[batch.header.baseOffset] = Array(records[start..<(start + batch.header.totalSize)])
            }
        }
    }

    private func lastOffset(of records: [UInt8]) throws -> Int64? {
        var batches: [Int64: [UInt8]] = [:]
        try split(records, into: &batches)
        return batches.keys.max()
    }

    // MARK: Files

    private func takeFiles(in path: String, under prefix: String = "") throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for name in try disk.list(path) {
            let inner = "\(path)/\(name)"
            if try disk.status(inner)?.isDirectory == true {
                files.merge(try takeFiles(in: inner, under: "\(prefix)\(name)/")) { first, _ in first }
            } else {
                let file = try disk.open(inner, .read)
                var bytes = [UInt8](repeating: 0, count: Int(try file.size()))
                _ = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
                files[prefix + name] = bytes
            }
        }
        return files
    }

    private func put(_ files: [String: [UInt8]]) throws {
        if try disk.status(directory) != nil { try disk.removeDirectory(directory) }
        try disk.createDirectory(directory)
        for (name, bytes) in files {
            let parts = name.split(separator: "/")
            if parts.count == 2 { try disk.createDirectory("\(directory)/\(parts[0])") }
            try disk.open("\(directory)/\(name)", .replace).writeAll(bytes, at: 0)
        }
    }

    // MARK: Reading

    private enum Outcome { case right, corrupt, refused }

    /// Starts on what is there, reads everything and stops.
    private func examine(
        _ written: [String: [Int64: [UInt8]]], damaged name: String, _ faults: inout [String]
    ) throws -> Outcome {
        let server: BrokerServer
        do {
            server = try start()
        } catch let error as StartupError {
            let file = name.split(separator: "/").last.map(String.init) ?? name
            if !error.description.contains(file), !error.description.contains("cluster.id") {
                faults.append("\(name): refused without its name: \(error)")
            }
            return .refused
        }
        defer { server.stop() }
        let client = try WireClient(port: try #require(server.endpoints.first).port)
        var outcome = Outcome.right
        for topic in DamageTests.topics {
            guard let batches = written[topic] else { continue }
            var next: Int64 = 0
            var found: Set<Int64> = []
            while next < DamageTests.recordCount {
                let answer = try client.fetch(topic, from: next)
                if answer.error == .corruptMessage {
                    outcome = .corrupt
                    found.insert(next)
                    next += 1
                    continue
                }
                var served: [Int64: [UInt8]] = [:]
                try split(answer.records, into: &served)
                guard answer.error == .none, let last = served.keys.max(), last >= next else {
                    faults.append("\(name): \(topic) at \(next): \(answer.error), \(answer.records.count) bytes")
                    break
                }
                for (offset, bytes) in served where batches[offset] != bytes {
                    faults.append("\(name): \(topic) has other bytes at \(offset)")
                }
                found.formUnion(served.keys)
                next = last + 1
            }
            if found.count < DamageTests.recordCount, next >= DamageTests.recordCount {
                faults.append("\(name): \(topic) has only \(found.sorted())")
            }
        }
        return outcome
    }

    @Test func noFlippedBitIsServed() throws {
        let seed = DamageTests.environment("MARTLET_SEED") ?? UInt64.random(in: 0..<1_000_000)
        var generator = SeededGenerator(seed: seed)
        let written = try fill()
        var files = try takeFiles(in: directory)
        let marker = files.removeValue(forKey: ".kafka_cleanshutdown")
        #expect(marker != nil)
        let names = files.filter { !$0.value.isEmpty }.keys.sorted()
        var counts: [Outcome: Int] = [:]
        var faults: [String] = []
        for number in 0..<Int(DamageTests.environment("MARTLET_STARTS") ?? 20) {
            let name = try #require(names.randomElement(using: &generator))
            var damaged = files
            let position = Int.random(in: 0..<(files[name]?.count ?? 1), using: &generator)
            let bit = UInt8.random(in: 0..<8, using: &generator)
            damaged[name]?[position] ^= 1 << bit
            // As after a clean stop, and as after `kill -9`.
            if number % 2 == 0 { damaged[".kafka_cleanshutdown"] = marker }
            try put(damaged)
            let before = faults.count
            counts[try examine(written, damaged: name, &faults), default: 0] += 1
            if faults.count > before { faults[before] += " (byte \(position), bit \(bit), start \(number))" }
        }
        print(
            "broker on flipped bits: MARTLET_SEED=\(seed) \(counts.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: " "))"
        )
        #expect(faults.isEmpty, "MARTLET_SEED=\(seed) \(faults.count): \(faults.prefix(20).joined(separator: "\n"))")
    }
}
