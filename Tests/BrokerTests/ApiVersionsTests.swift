import Foundation
import KafkaProtocol
import MartletTesting
import Testing

/// What is advertised, beside what Apache Kafka 4.3.1 answered (`wire/golden` in WIRE_HOME).
@Suite struct ApiVersionsTests {
    private struct Golden: Decodable {
        struct Step: Decodable { let result: Answer }
        struct Answer: Decodable {
            let ApiKeys: [Row]
            let SupportedFeatures: [Supported]
            let FinalizedFeatures: [Finalized]
        }
        struct Row: Decodable { let ApiKey, MinVersion, MaxVersion: Int16 }
        struct Supported: Decodable { let Name: String, MinVersion, MaxVersion: Int16 }
        struct Finalized: Decodable { let Name: String, MaxVersionLevel, MinVersionLevel: Int16 }
        let steps: [Step]
    }

    private func golden() throws -> Golden.Answer? {
        guard let home = ProcessInfo.processInfo.environment["WIRE_HOME"] else {
            print("SKIPPED: WIRE_HOME does not name the comparison tool")
            return nil
        }
        let file = URL(fileURLWithPath: "\(home)/wire/golden/apiversions/api_versions_table_4.json")
        return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: file)).steps.first?.result
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
        #expect(response.apiKeys.count == 12)
        for row in response.apiKeys {
            let reference = try #require(golden.ApiKeys.first { $0.ApiKey == row.apiKey })
            #expect(row.minVersion == reference.MinVersion, "minimum of \(row.apiKey)")
            #expect(row.maxVersion == reference.MaxVersion, "maximum of \(row.apiKey)")
        }
        for feature in response.supportedFeatures {
            let reference = try #require(golden.SupportedFeatures.first { $0.Name == feature.name })
            #expect((feature.minVersion, feature.maxVersion) == (reference.MinVersion, reference.MaxVersion))
        }
        for feature in response.finalizedFeatures {
            let reference = try #require(golden.FinalizedFeatures.first { $0.Name == feature.name })
            #expect(feature.maxVersionLevel == reference.MaxVersionLevel)
            #expect(feature.minVersionLevel == reference.MinVersionLevel)
        }
        #expect(response.finalizedFeaturesEpoch >= 0)
    }

    /// Older clients stumble over a supported feature whose lowest level is 0.
    @Test func olderClientsSeeNoFeatureOfLevelZero() throws {
        #expect(try advertised(version: 3).supportedFeatures.allSatisfy { $0.minVersion > 0 })
        #expect(try advertised(version: 4).supportedFeatures.contains { $0.minVersion == 0 })
    }
}
