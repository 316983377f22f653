import Foundation
import Testing

@testable import Configuration

/// A key is said to have effect exactly where something reads it.
struct KeyEffectTests {
    /// Keys whose names are put together where they are read.
    private let composed: Set<String> = [
        "martlet.metrics.groups", "martlet.metrics.partitions", "martlet.metrics.topics",
    ]
    /// Keys that are read only to be compared with others.
    private let onlyCompared: Set<String> = ["replica.fetch.max.bytes"]

    /// The sources but for the tables of keys, and the lists of how keys change.
    private let readers: String = {
        let sources = URL(filePath: #filePath).appending(path: "../../../Sources").standardized
        let files = FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil)
        let paths = (files?.compactMap { $0 as? URL } ?? []).filter { file in
            file.pathExtension == "swift"
                && !["BrokerKeys", "GroupKey", "TopicKey"].contains { file.lastPathComponent.hasPrefix($0) }
        }
        return paths.compactMap { try? String(contentsOf: $0, encoding: .utf8) }.joined()
    }()

    @Test func whatIsReadHasEffect() {
        #expect(readers.contains("\"socket.request.max.bytes\""))
        for key in BrokerKeys.all where !key.hasEffect && !onlyCompared.contains(key.name) {
            #expect(!readers.contains("\"\(key.name)\""), "\(key.name) is read")
        }
    }

    /// The defaults and bounds of what a topic or a group may have of its own are read by way of these.
    @Test func whatHasEffectIsRead() {
        let topics = TopicKey.allCases.filter(\.definition.hasEffect).flatMap { $0.brokerKeys.map(\.name) }
        let groups = GroupKey.all.filter(\.definition.hasEffect).flatMap { [$0.brokerKey, $0.least, $0.most] }
        let elsewhere = composed.union(topics).union(groups.compactMap { $0 })
        for key in BrokerKeys.all where key.hasEffect && !elsewhere.contains(key.name) {
            #expect(readers.contains("\"\(key.name)\""), "nothing reads \(key.name)")
        }
    }
}
