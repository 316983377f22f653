import Foundation
import KafkaProtocol
import MartletTesting
import Testing

/// What is advertised, beside what Apache Kafka 4.3.1 answered (`wire/golden` in WIRE_HOME).
@Suite struct ApiVersionsTests {
    private struct Golden: Decodable {
        struct Step: Decodable { let result: Answer }
        struct Answer: Decodable {
            let apiKeys: [Row]
            let supportedFeatures: [Supported]
            let finalizedFeatures: [Finalized]
        }
        struct Row: Decodable { let apiKey, minVersion, maxVersion: Int16 }
        struct Supported: Decodable { let name: String, minVersion, maxVersion: Int16 }
        struct Finalized: Decodable { let name: String, maxVersionLevel, minVersionLevel: Int16 }
        let steps: [Step]
    }

    /// A field of the file, whose names begin with a capital letter.
    private struct Key: CodingKey {
        let stringValue: String
        let intValue: Int? = nil

        init(stringValue: String) { self.stringValue = stringValue }

        init?(intValue: Int) { return nil }
    }

    private func golden() throws -> Golden.Answer? {
        guard let home = ProcessInfo.processInfo.environment["WIRE_HOME"] else {
            print("SKIPPED: WIRE_HOME does not name the comparison tool")
            return nil
        }
        let file = URL(fileURLWithPath: "\(home)/wire/golden/apiversions/api_versions_table_4.json")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .custom { path in
            Key(stringValue: path.last.map { $0.stringValue.prefix(1).lowercased() + $0.stringValue.dropFirst() } ?? "")
        }
        return try decoder.decode(Golden.self, from: Data(contentsOf: file)).steps.first?.result
    }

    private func advertised(version: Int16) throws -> ApiVersionsResponse {
        let broker = try TestBroker()
        defer { broker.stop() }
        var request = ApiVersionsRequest()
        request.clientSoftwareName = "test"
        request.clientSoftwareVersion = "1"
        return try WireClient(port: broker.port).ask(request, version: version)
    }

    @Test func everyRangeIsTheReferences() throws {
        guard let golden = try golden() else { return }
        let response = try advertised(version: 4)
        #expect(response.apiKeys.count == 42)
        for row in response.apiKeys {
            let reference = try #require(golden.apiKeys.first { $0.apiKey == row.apiKey })
            #expect(row.minVersion == reference.minVersion, "minimum of \(row.apiKey)")
            #expect(row.maxVersion == reference.maxVersion, "maximum of \(row.apiKey)")
        }
        for feature in response.supportedFeatures {
            let reference = try #require(golden.supportedFeatures.first { $0.name == feature.name })
            #expect((feature.minVersion, feature.maxVersion) == (reference.minVersion, reference.maxVersion))
        }
        for feature in response.finalizedFeatures {
            let reference = try #require(golden.finalizedFeatures.first { $0.name == feature.name })
            #expect(feature.maxVersionLevel == reference.maxVersionLevel)
            #expect(feature.minVersionLevel == reference.minVersionLevel)
        }
        #expect(response.finalizedFeaturesEpoch >= 0)
    }

    /// Older clients stumble over a supported feature whose lowest level is 0.
    @Test func olderClientsSeeNoFeatureOfLevelZero() throws {
        #expect(try advertised(version: 3).supportedFeatures.allSatisfy { $0.minVersion > 0 })
        #expect(try advertised(version: 4).supportedFeatures.contains { $0.minVersion == 0 })
    }
}
