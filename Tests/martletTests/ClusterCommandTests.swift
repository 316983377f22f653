import Foundation
import MartletTesting
import Testing

@testable import martlet

/// The cluster as the program shows it.
struct ClusterCommandTests {
    private let broker: TestBroker

    init() throws { broker = try TestBroker(settings: ["node.id": "4", "broker.rack": "r1"]) }

    private func martlet(_ arguments: String..., input: String = "") throws -> Program.Outcome {
        try Program.run(arguments + ["--bootstrap", broker.bootstrap], input: input)
    }

    @Test func brokersFeaturesAndDirectoriesAreShown() throws {
        let outcome = try martlet("cluster")
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.hasPrefix("cluster  "))
        #expect(outcome.output.contains("4       \(broker.bootstrap)"))
        #expect(outcome.output.contains("r1    controller\n"))
        #expect(outcome.output.contains("metadata.version"))
        #expect(outcome.output.contains(broker.directory))
    }

    @Test func theObjectHasSizes() throws {
        #expect(try martlet("topic", "create", "orders", "-p", "3").status == 0)
        #expect(try martlet("produce", "orders", input: String(repeating: "x", count: 5_000) + "\n").status == 0)
        let output = try martlet("cluster", "--json").output
        let object = try #require(try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any])
        #expect((object["clusterId"] as? String)?.count == 22)
        #expect(object["controller"] as? Int == 4)
        let node = try #require((object["brokers"] as? [[String: Any]])?.first)
        #expect(node["id"] as? Int == 4 && node["rack"] as? String == "r1")
        let directory = try #require((node["logDirectories"] as? [[String: Any]])?.first)
        #expect(directory["path"] as? String == broker.directory && directory["error"] is NSNull)
        #expect(directory["partitions"] as? Int == 3)
        let size = try #require(directory["size"] as? Int)
        #expect(size >= 5_000 && size < 10_000)
        #expect(try #require(directory["totalBytes"] as? Int) > 0)
    }

    @Test(arguments: [
        (Int64(0), "0 B"), (1_023, "1023 B"), (1_024, "1.0 KiB"), (1_536, "1.5 KiB"), (1 << 20, "1.0 MiB"),
        ((1 << 20) - 1, "1023.9 KiB"), (25 << 30, "25.0 GiB"), (.max, "7.9 EiB"),
    ])
    func bytesAreWrittenForPeople(bytes: Int64, text: String) { #expect(byteCountText(bytes) == text) }
}
