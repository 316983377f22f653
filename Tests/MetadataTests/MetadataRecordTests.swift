import Bytes
import Testing

@testable import Metadata

@Suite struct MetadataRecordTests {
    static let samples: [MetadataRecord] = [
        .featureLevel(FeatureLevelRecord(name: "metadata.version", level: 30)),
        .brokerRegistration(
            BrokerRegistrationRecord(
                brokerId: 1, brokerEpoch: 7, incarnationId: UUID(high: 1, low: 2),
                endpoints: [
                    BrokerEndpoint(listener: "PLAINTEXT", host: "localhost", port: 9092, securityProtocol: 0),
                    BrokerEndpoint(listener: "INSIDE", host: "::1", port: 65535, securityProtocol: 3),
                ], rack: "räck", features: [SupportedFeature(name: "kraft.version", minimum: 0, maximum: 1)],
                logDirectories: [UUID(high: 3, low: 4)], isFenced: true)),
        .brokerRegistration(
            BrokerRegistrationRecord(
                brokerId: -1, brokerEpoch: .max, incarnationId: .zero, endpoints: [], rack: nil, features: [],
                logDirectories: [], isFenced: false)),
        .brokerFencing(BrokerFencingRecord(brokerId: 1, brokerEpoch: 7, isFenced: true)),
        .brokerUnregistration(BrokerUnregistrationRecord(brokerId: 1, brokerEpoch: 7)),
        .topic(TopicRecord(name: String(repeating: "x", count: 249), id: UUID(high: 5, low: 6))),
        .partition(
            PartitionRecord(
                topicId: UUID(high: 5, low: 6), partition: 3,
                state: PartitionState(
                    replicas: [1, 2, 3], directories: [.zero, UUID(high: 1, low: 1), .zero], inSyncReplicas: [3, 1],
                    leader: -1, leaderEpoch: 4, partitionEpoch: 5))),
        .topicRemoval(TopicRemovalRecord(topicId: UUID(high: 5, low: 6))),
        .leaderEpochRise(LeaderEpochRiseRecord(brokerId: 9)),
        .configuration(ConfigurationRecord(resource: .topic("t"), key: "retention.ms", value: "5")),
        .configuration(ConfigurationRecord(resource: .allBrokers, key: "log.retention.ms", value: nil)),
        .configuration(
            ConfigurationRecord(
                resource: ConfigurationResource(kind: .group, name: "g"), key: "",
                value: String(repeating: "é", count: 40_000))),
        .producerIds(ProducerIdsRecord(brokerId: 1, brokerEpoch: 7, nextId: 1000)),
        .clientQuota(
            ClientQuotaRecord(
                entity: ClientQuotaEntity([.init(kind: .clientId, name: nil), .init(kind: .user, name: "ü")]),
                key: "request_percentage", value: 12.5)),
        .clientQuota(
            ClientQuotaRecord(
                entity: ClientQuotaEntity([.init(kind: .address, name: "::1")]), key: "connection_creation_rate",
                value: nil)),
    ]

    private func bytes(_ record: MetadataRecord) -> [UInt8] {
        var writer = ByteWriter()
        record.encode(into: &writer)
        return writer.bytes
    }

    private func decode(_ bytes: [UInt8]) throws -> MetadataRecord {
        try bytes.withUnsafeBytes { try MetadataRecord($0) }
    }

    @Test(arguments: samples) func comesBackAsItWas(_ record: MetadataRecord) throws {
        #expect(try decode(bytes(record)) == record)
    }

    /// The format on disk is for good: these bytes were written by hand from the notation.
    @Test func theFormatIsFixed() {
        let partition = PartitionRecord(
            topicId: UUID(high: 0x0102_0304_0506_0708, low: 0x090A_0B0C_0D0E_0F10), partition: 2,
            state: PartitionState(
                replicas: [1], directories: [.zero], inSyncReplicas: [1], leader: 1, leaderEpoch: 3,
                partitionEpoch: 4))
        var expected: [UInt8] = [0, 11, 0]
        expected += 1...16
        expected += [0, 0, 0, 2, 1, 0, 0, 0, 1, 1]
        expected += Array(repeating: 0, count: 16)
        expected += [1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 4]
        #expect(bytes(.partition(partition)) == expected)
        let setting = ConfigurationRecord(resource: .topic("ab"), key: "k", value: nil)
        #expect(bytes(.configuration(setting)) == [0, 20, 0, 2, 3, 0x61, 0x62, 2, 0x6B, 0])
        let quota = ClientQuotaRecord(
            entity: ClientQuotaEntity([.init(kind: .clientId, name: nil), .init(kind: .user, name: "u")]), key: "k",
            value: 1)
        #expect(
            bytes(.clientQuota(quota))
                == [0, 22, 0, 2, 1, 2, 0x75, 2, 0, 2, 0x6B, 1, 0x3F, 0xF0, 0, 0, 0, 0, 0, 0])
        #expect(
            bytes(.featureLevel(FeatureLevelRecord(name: "f", level: -2))) == [0, 1, 0, 2, 0x66, 0xFF, 0xFE])
    }

    @Test(arguments: samples) func aCutRecordIsRefused(_ record: MetadataRecord) {
        let whole = bytes(record)
        for count in stride(from: 0, to: whole.count, by: whole.count > 1000 ? 997 : 1) {
            #expect(throws: MetadataRecordError.self) { try decode(Array(whole[..<count])) }
        }
        #expect(throws: MetadataRecordError.trailingBytes(type: record.type)) { try decode(whole + [0]) }
    }

    @Test func whatALaterVersionWroteIsRefused() {
        #expect(throws: MetadataRecordError.unknownType(999)) { try decode([3, 231, 0]) }
        #expect(throws: MetadataRecordError.unknownVersion(type: 12, version: 1)) { try decode([0, 12, 1]) }
    }

    @Test func noBytesMakeItTrap() {
        var random = SystemRandomNumberGenerator()
        for sample in MetadataRecordTests.samples where bytes(sample).count < 1000 {
            let whole = bytes(sample)
            for _ in 0..<2_000 {
                var mutated = whole
                for _ in 0...Int.random(in: 0..<3, using: &random) {
                    mutated[Int.random(in: 2..<whole.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
                guard let record = try? decode(mutated) else { continue }
                // Compared as bytes, since a number that is none is not equal to itself.
                let again = try? decode(bytes(record))
                #expect(again.map(bytes) == bytes(record))
            }
        }
    }

    @Test func aCountIsNotBelieved() {
        // A partition with 2^28 replicas in five bytes.
        let bytes: [UInt8] =
            [0, 11, 0] + Array(repeating: 0, count: 20) + [0x80, 0x80, 0x80, 0x80, 0x01, 1, 2, 3, 4, 5]
        #expect(throws: MetadataRecordError.malformed(type: 11, .invalidLength)) { try decode(bytes) }
    }
}
