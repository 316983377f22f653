import Bytes
import Foundation
import KafkaProtocol
import KafkaProtocolMore
import Testing

@testable import Controller

/// Replays requests whose answers by Apache Kafka are on record, and compares the answers.
@Suite struct GoldenTests {
    private typealias Object = [String: Any]

    private static let folder: URL? = ProcessInfo.processInfo.environment["WIRE_HOME"].map {
        URL(fileURLWithPath: $0).appendingPathComponent("wire/golden/topics")
    }

    private func scenarios(_ prefix: String) throws -> [(name: String, steps: [Object])] {
        guard let folder = GoldenTests.folder else {
            print("SKIPPED: WIRE_HOME is not set")
            return []
        }
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        return try files.filter { $0.lastPathComponent.hasPrefix(prefix) }.map { file in
            let content = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? Object
            return (file.lastPathComponent, content?["steps"] as? [Object] ?? [])
        }
    }

    private func objects(_ value: Any?) -> [Object] { value as? [Object] ?? [] }

    @Test func createTopics() throws {
        var compared = 0
        for (name, steps) in try scenarios("create_topics_") {
            var cluster = try TestCluster()
            for step in steps where (step["step"] as? String)?.hasPrefix("CreateTopics") == true {
                let label = "\(name): \(step["step"] ?? "")"
                guard let request = step["request"] as? Object, !label.hasSuffix("internal topic") else { continue }
                let answers = try cluster.create(
                    objects(request["Topics"]).map(readTopic), validateOnly: request["ValidateOnly"] as? Bool ?? false)
                let expected = objects((step["result"] as? Object)?["Topics"])
                #expect(answers.map(\.name) == expected.compactMap { $0["Name"] as? String }, "\(label)")
                for (answer, row) in zip(answers, expected) {
                    #expect(Int(answer.errorCode) == row["ErrorCode"] as? Int, "\(label)")
                    compare(answer.errorMessage, row["ErrorMessage"], label)
                    if let count = row["NumPartitions"] as? Int {
                        #expect(Int(answer.numPartitions) == count, "\(label)")
                        #expect(Int(answer.replicationFactor) == row["ReplicationFactor"] as? Int, "\(label)")
                    }
                    if let id = row["TopicId"] as? String {
                        #expect(answer.topicId.isZero == (id == Bytes.UUID.zero.description), "\(label)")
                    }
                    compared += 1
                }
            }
        }
        #expect(compared > 100 || GoldenTests.folder == nil)
    }

    @Test func returnedConfigurations() throws {
        for (name, steps) in try scenarios("create_topics_returned_configs") {
            var cluster = try TestCluster()
            let configs = [("retention.ms", "99999"), ("cleanup.policy", "compact")] as [(String, String?)]
            let answer = try cluster.create([topic("x", configs: configs)])[0]
            let found = (answer.configs ?? []).map { [$0.name, $0.value ?? "null", String($0.configSource)] }
            let expected = steps.compactMap { $0["result"] as? Object }.map { row in
                let value = row["Name"] as? String == "flush.messages" ? "1" : row["Value"] ?? "null"
                return ["\(row["Name"] ?? "")", "\(value)", "\(row["ConfigSource"] ?? "")"]
            }
            #expect(found == expected, "\(name)")
        }
    }

    @Test func deleteTopics() throws {
        var compared = 0
        for (name, steps) in try scenarios("delete_topics") {
            var cluster = try TestCluster()
            var ids: [String: Bytes.UUID] = ["<uuid nobody>": Bytes.UUID(high: 8, low: 8)]
            for known in ["a", "b", "one", "two", "three"] {
                let suffix = name.contains("by_id") ? "delete_topics_by_id" : "delete_topics.\(name.filter(\.isNumber))"
                ids["<uuid \(known)>"] = try cluster.create([topic("\(known).\(suffix).RUN")])[0].topicId
            }
            for step in steps where (step["step"] as? String)?.hasPrefix("DeleteTopics") == true {
                let label = "\(name): \(step["step"] ?? "")"
                guard let fields = step["request"] as? Object, let version = version(of: label) else { continue }
                var request = DeleteTopicsRequest()
                request.topicNames = fields["TopicNames"] as? [String] ?? []
                request.topics = objects(fields["Topics"]).map { row in
                    deletion(row["Name"] as? String, id: (row["TopicId"] as? String).flatMap { ids[$0] } ?? .zero)
                }
                let result = cluster.controller.deleteTopics(request, version: version)
                try cluster.take(result.records)
                let found = result.reply.responses.map { row in
                    [row.name ?? "null", String(row.errorCode)] + (version >= 6 ? [row.topicId.description] : [])
                }
                let expected = objects((step["result"] as? Object)?["Responses"]).map { row in
                    let id = row["TopicId"] as? String ?? ""
                    return [row["Name"] as? String ?? "null", "\(row["ErrorCode"] ?? "")"]
                        + (version >= 6 ? [ids[id]?.description ?? id] : [])
                }
                #expect(Set(found) == Set(expected), "\(label)")
                #expect(found.count == expected.count, "\(label)")
                compared += 1
            }
        }
        #expect(compared >= 31 || GoldenTests.folder == nil)
    }

    private func readTopic(_ row: Object) -> CreateTopicsRequest.CreatableTopic {
        topic(
            row["Name"] as? String ?? "", partitions: Int32(row["NumPartitions"] as? Int ?? 0),
            replicas: Int16(row["ReplicationFactor"] as? Int ?? 0),
            configs: objects(row["Configs"]).map { ($0["Name"] as? String ?? "", $0["Value"] as? String) },
            assignments: objects(row["Assignments"]).map { assignment in
                let brokers = (assignment["BrokerIds"] as? [Int] ?? []).map { Int32($0) }
                return (Int32(assignment["PartitionIndex"] as? Int ?? 0), brokers)
            })
    }

    /// A message must be there where Kafka's is; its words are ours to choose.
    private func compare(_ message: String?, _ expected: Any?, _ label: String) {
        #expect((message == nil) == (expected is NSNull), "\(label)")
    }

    private func version(of label: String) -> Int16? {
        label.split(separator: " ").first { $0.first == "v" && Int16($0.dropFirst()) != nil }.flatMap {
            Int16($0.dropFirst())
        }
    }
}
