import Foundation
import Testing

@testable import Configuration

/// docs/CONFIGURATION.md is written from the tables. After a change of a key, run this with MARTLET_WRITE_DOCS=1.
@Suite struct ReferenceTests {
    private static let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("docs/CONFIGURATION.md")

    @Test func theReferenceSaysWhatTheTablesSay() throws {
        let text = ReferenceTests.reference()
        if ProcessInfo.processInfo.environment["MARTLET_WRITE_DOCS"] != nil {
            try text.write(to: ReferenceTests.file, atomically: true, encoding: .utf8)
        }
        #expect(try String(contentsOf: ReferenceTests.file, encoding: .utf8) == text)
    }

    private static func reference() -> String {
        let topic = TopicKey.allCases.map(\.definition).sorted { $0.name < $1.name }
        var text = """
            # Configuration

            A setting comes, strongest first, from `--set key=value`, an environment variable (`log.retention.ms` is
            `MARTLET_LOG_RETENTION_MS`, `martlet.shards` is `MARTLET_SHARDS`), the file given by `--config` (Java's
            `.properties` syntax, so Kafka's own files start), or its default. A topic's own settings are stronger than
            all of these.

            An unknown key is a warning in a file or the environment and an error after `--set`. A value that is not
            allowed is an error wherever it stands, and so is a key that Kafka 4.0 removed.

            The last column but one of the brokers' tables says how a key can change: at a *restart*, or *live* by
            `kafka-configs.sh` and the like, for all brokers at once or for *one broker*. What is set live is kept, and is
            stronger than everything that the process was started with; for one broker it is stronger than for all.
            A topic's keys and those of groups and client metrics are all live.

            ## Topics


            """
        text += table(topic.filter(\.hasEffect), "default from", brokerKeys)
        text += "\nAccepted, checked and shown, without effect yet:\n\n"
        text += table(topic.filter { !$0.hasEffect }, "default from", brokerKeys)
        text += "\n## Brokers\n\n" + table(BrokerKeys.all.filter(\.hasEffect), "changes", change)
        text += "\n## Brokers: accepted, checked and shown, without effect yet\n\n"
        text += table(BrokerKeys.all.filter { !$0.hasEffect }, "changes", change)
        let group = GroupKey.all.map(\.definition)
        text += "\n## Groups\n\n" + table(group.filter { $0.name.hasPrefix("consumer.") }, "default from", brokerKeys)
        text += "\nOf share and streams groups, kept and shown, without effect yet:\n\n"
        text += table(group.filter { !$0.name.hasPrefix("consumer.") }, "default from", brokerKeys)
        text += "\n## Client metrics: kept and shown, without effect yet\n\n"
        text += table(ClientMetricsSettings.keys, "default from", brokerKeys)
        return text
    }

    private static func table(
        _ keys: [ConfigurationKey], _ column: String, _ content: (ConfigurationKey) -> String
    ) -> String {
        var text =
            "| key | type | default | allowed | \(column) | what it is |\n|---|---|---|---|---|---|\n"
        for key in keys {
            let cells = [
                "`\(key.name)`", typeName(key.type), key.defaultText.map { $0.isEmpty ? "(empty)" : "`\($0)`" } ?? "–",
                key.allowed.summary ?? "", content(key), key.summary,
            ]
            text += "| " + cells.joined(separator: " | ") + " |\n"
        }
        return text
    }

    /// The broker's keys that set a topic key's default.
    private static func brokerKeys(_ key: ConfigurationKey) -> String {
        let names =
            TopicKey(rawValue: key.name)?.brokerKeys.map(\.name) ?? GroupKey.key(key.name)?.brokerKey.map { [$0] }
        return (names ?? []).map { "`\($0)`" }.joined(separator: ", ")
    }

    private static func change(_ key: ConfigurationKey) -> String {
        switch key.update {
        case .readOnly: "restart"
        case .perBroker: "live, one broker"
        case .clusterWide: "live"
        }
    }

    private static func typeName(_ type: ConfigurationType) -> String {
        type == .className ? "class" : String(describing: type)
    }
}
