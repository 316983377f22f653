import Foundation
import MartletTesting
import Testing

@testable import martlet

/// Small benchmarks against a real broker.
struct BenchCommandTests {
    private struct Report: Decodable {
        let command: String
        let records: Int
        let bytes: Int
        let failed: Int
        let seconds: Double
        let recordsPerSecond: Double
        let latencyMilliseconds: [String: [String: Double]]
    }

    private let broker: TestBroker

    init() throws { broker = try TestBroker() }

    private func martlet(_ arguments: [String]) throws -> Program.Outcome {
        try Program.run(arguments + ["--bootstrap", broker.bootstrap])
    }

    private func bench(_ arguments: String...) throws -> Report {
        let outcome = try martlet(["bench"] + arguments + ["--json"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        return try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
    }

    private func topics() throws -> String { try martlet(["topic", "list"]).output }

    @Test func recordsAreWrittenAndTheTopicRemoved() throws {
        let report = try bench("produce", "-n", "2000", "--size", "100", "--warm-up", "0", "-p", "3")
        #expect(report.command == "produce" && report.records == 2_000 && report.bytes == 200_000)
        #expect(report.failed == 0 && report.seconds > 0 && report.recordsPerSecond > 0)
        let latency = try #require(report.latencyMilliseconds["acknowledged"])
        #expect(Set(latency.keys) == ["p50", "p90", "p99", "max", "mean"])
        let (half, most) = (try #require(latency["p50"]), try #require(latency["p99"]))
        #expect(half > 0 && half <= most)
        #expect(try topics() == "")
    }

    @Test func aTopicThatIsThereStays() throws {
        #expect(try martlet(["topic", "create", "kept"]).status == 0)
        let written = try bench("produce", "-t", "kept", "-n", "500", "--warm-up", "0", "--codec", "lz4")
        #expect(written.records == 500)
        let read = try bench("consume", "-t", "kept")
        #expect(read.records == 500 && read.bytes == 500 * 1_024)
        #expect(try bench("consume", "-t", "kept", "-n", "100").records == 100)
        #expect(try topics() == "kept\n")
    }

    @Test func whatIsReadIsWrittenFirst() throws {
        let report = try bench("consume", "-n", "3000", "--size", "10", "-p", "2")
        #expect(report.records == 3_000 && report.bytes == 30_000)
        #expect(try topics() == "")
    }

    @Test func recordsAreTimedUntilTheyAreRead() throws {
        let report = try bench("latency", "-n", "200", "--rate", "500", "--warm-up", "0")
        #expect(report.records == 200)
        // The last of 200 is due 398 ms after the first.
        #expect(report.seconds >= 0.398)
        let (acknowledged, consumed) = (
            report.latencyMilliseconds["acknowledged"], report.latencyMilliseconds["consumed"]
        )
        #expect(acknowledged?["p50"] ?? 0 > 0)
        #expect(consumed?["p50"] ?? 0 > 0)
    }

    @Test func recordsThatAreRefusedAreCounted() throws {
        #expect(try martlet(["topic", "create", "small", "--config", "max.message.bytes=100"]).status == 0)
        let outcome = try martlet(["bench", "produce", "-t", "small", "-n", "10", "--warm-up", "0"])
        #expect(outcome.status == 1)
        #expect(outcome.output.contains("10 records failed"))
        #expect(outcome.errors.contains("the batch is larger than the topic allows"))
    }

    @Test func aTopicThatIsNotThereIsSaid() throws {
        let outcome = try martlet(["bench", "consume", "-t", "nosuch"])
        #expect(outcome.status == 1 && outcome.errors.contains("finding topic nosuch"))
    }
}
