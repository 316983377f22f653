import Foundation
import MartletTesting
import Testing

/// Changes of a topic, by the program, on a broker.
struct TopicAlterTests {
    private let broker: TestBroker

    init() throws { broker = try TestBroker() }

    private func martlet(_ arguments: String...) throws -> Program.Outcome {
        try Program.run(arguments + ["--bootstrap", broker.bootstrap])
    }

    private func description(_ topic: String) throws -> (settings: [String: String], partitions: Int) {
        let output = try martlet("topic", "describe", topic, "--json").output
        let object = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any]
        let settings = try #require(object?["config"] as? [String: String])
        return (settings, try #require(object?["partitions"] as? [Any]).count)
    }

    @Test func partitionsAreAddedAndSettingsChanged() throws {
        #expect(try martlet("topic", "create", "orders", "-p", "2", "-c", "segment.bytes=2000000").status == 0)
        let altered = try martlet(
            "topic", "alter", "orders", "-p", "5", "-c", "retention.ms=5000", "--unset", "segment.bytes")
        #expect(altered.status == 0, "\(altered.errors)")
        #expect(
            altered.output == """
                set retention.ms=5000 for topic orders
                unset segment.bytes for topic orders
                orders has 5 partitions

                """)
        let now = try description("orders")
        #expect(now.settings == ["retention.ms": "5000"] && now.partitions == 5)
        let text = try martlet("topic", "describe", "orders").output
        #expect(
            text.contains("orders  5 partitions  id ") && text.contains("\n  retention.ms=5000\n  partition  leader"))
    }

    @Test func fewerPartitionsAreRefused() throws {
        #expect(try martlet("topic", "create", "orders", "-p", "2").status == 0)
        let fewer = try martlet("topic", "alter", "orders", "-p", "1")
        #expect(fewer.status == 1 && fewer.errors.contains("INVALID_PARTITIONS"))
        #expect(try description("orders").partitions == 2)
    }

    @Test func aRefusedSettingKeepsThePartitions() throws {
        #expect(try martlet("topic", "create", "orders", "-p", "2").status == 0)
        #expect(try martlet("topic", "alter", "orders", "-p", "3", "-c", "retention.ms=soon").status == 1)
        #expect(try description("orders").partitions == 2)
    }

    @Test(arguments: [
        (["orders"], "there is nothing to change"), (["orders", "-p", "0"], "--partitions must be at least 1"),
        (["-p", "3"], "TOPIC is missing"),
    ])
    func mistakesEndWithTwo(arguments: [String], words: String) throws {
        let outcome = try Program.run(["topic", "alter"] + arguments)
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains(words))
    }
}
