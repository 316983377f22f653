import Bytes
import KafkaProtocol
import Testing

/// Bytes written down by hand from the protocol's description, with the values that they stand for.
@Suite("Bytes written by hand")
struct HandWrittenVectorTests {
    private func decode<Message: KafkaMessage>(_: Message.Type, _ bytes: [UInt8], _ version: Int16) throws -> Message {
        try bytes.withUnsafeBytes { bytes in
            var cursor = ByteCursor(bytes)
            let message = try Message(from: &cursor, version: version)
            #expect(cursor.remaining == 0)
            return message
        }
    }

    private func encode(_ message: some KafkaMessage, _ version: Int16) throws -> [UInt8] {
        var writer = ByteWriter()
        try message.encode(into: &writer, version: version)
        return writer.bytes
    }

    @Test("Request header: a classic client id in both versions, tagged fields in the second")
    func requestHeader() throws {
        let classic = wire(int16(3), int16(8), int32(7), int16(2), "me")
        let flexible = wire(int16(3), int16(9), int32(7), int16(2), "me", 0)
        for bytes in [classic, flexible] {
            let header = try bytes.withUnsafeBytes { bytes in
                var cursor = ByteCursor(bytes)
                return try RequestHeader(from: &cursor)
            }
            #expect(header.apiKey == .metadata && header.correlationId == 7 && header.clientId == "me")
            var writer = ByteWriter()
            try header.encode(into: &writer)
            #expect(writer.bytes == bytes)
        }
        #expect(throws: DecodeError.unsupportedVersion) {
            try wire(int16(4), int16(0), int32(7), int16(-1)).withUnsafeBytes { bytes in
                var cursor = ByteCursor(bytes)
                _ = try RequestHeader(from: &cursor)
            }
        }
    }

    @Test("ApiVersions: nothing in version 0, names from 3 on")
    func apiVersionsRequest() throws {
        var request = ApiVersionsRequest()
        #expect(try encode(request, 0) == [])
        request.clientSoftwareName = "kcat"
        request.clientSoftwareVersion = "1.7"
        let bytes = wire(5, "kcat", 4, "1.7", 0)
        #expect(try encode(request, 3) == bytes)
        #expect(try decode(ApiVersionsRequest.self, bytes, 3).clientSoftwareVersion == "1.7")
    }

    @Test("ApiVersions: features and their epoch in tagged fields")
    func apiVersionsResponse() throws {
        var response = ApiVersionsResponse()
        var produce = ApiVersionsResponse.ApiVersion()
        produce.maxVersion = 13
        response.apiKeys = [produce]
        #expect(try encode(response, 0) == wire(int16(0), int32(1), int16(0), int16(0), int16(13)))
        #expect(try encode(response, 3) == wire(int16(0), 2, int16(0), int16(0), int16(13), 0, int32(0), 0))
        response.finalizedFeaturesEpoch = 5
        var feature = ApiVersionsResponse.SupportedFeatureKey()
        feature.name = "f"
        feature.maxVersion = 2
        response.supportedFeatures = [feature]
        let bytes = wire(
            int16(0), 2, int16(0), int16(0), int16(13), 0, int32(0),
            // Two tags: 0 with 8 bytes, 1 with 8 bytes.
            2, 0, 8, 2, 2, "f", int16(0), int16(2), 0, 1, 8, int64(5))
        #expect(try encode(response, 4) == bytes)
        let back = try decode(ApiVersionsResponse.self, bytes, 4)
        #expect(back.finalizedFeaturesEpoch == 5 && back.supportedFeatures.map(\.name) == ["f"])
        #expect(back.finalizedFeatures.isEmpty && !back.zkMigrationReady)
    }

    @Test("Metadata request: all topics is no topic in version 0 and null from 1 on")
    func metadataRequest() throws {
        var request = MetadataRequest()
        request.topics = nil
        #expect(try encode(request, 1) == int32(-1))
        #expect(try encode(request, 12) == wire(0, 1, 0, 0))
        #expect(throws: EncodeError.unexpectedNull) { try encode(request, 0) }
        #expect(throws: DecodeError.unexpectedNull) { try decode(MetadataRequest.self, int32(-1), 0) }
        var topic = MetadataRequest.MetadataRequestTopic()
        topic.name = "t"
        request.topics = [topic]
        #expect(try encode(request, 0) == wire(int32(1), int16(1), "t"))
        request.includeTopicAuthorizedOperations = true
        #expect(throws: EncodeError.unsupportedField) { try encode(request, 7) }
        #expect(try encode(request, 8) == wire(int32(1), int16(1), "t", 1, 0, 1))
    }

    @Test("Metadata response: fields come and go with versions")
    func metadataResponse() throws {
        var broker = MetadataResponse.MetadataResponseBroker()
        broker.nodeId = 1
        broker.host = "h"
        broker.port = 9092
        var response = MetadataResponse()
        response.throttleTimeMs = 9
        response.brokers = [broker]
        response.clusterId = "c"
        response.controllerId = 1
        let plain = wire(int32(1), int32(1), int16(1), "h", int32(9092))
        #expect(try encode(response, 0) == wire(plain, int32(0)))
        #expect(try encode(response, 2) == wire(plain, int16(-1), int16(1), "c", int32(1), int32(0)))
        let flexible = wire(int32(9), 2, int32(1), 2, "h", int32(9092), 0, 0, 2, "c", int32(1), 1)
        #expect(try encode(response, 9) == wire(flexible, int32(.min), 0))
        #expect(try encode(response, 13) == wire(flexible, int16(0), 0))
        let back = try decode(MetadataResponse.self, wire(flexible, int16(129), 0), 13)
        #expect(back.errorCode == 129 && back.brokers.first?.rack == nil && back.clusterAuthorizedOperations == .min)
    }

    @Test("InitProducerId: a version outside the range is refused both ways")
    func versions() {
        #expect(throws: EncodeError.unsupportedVersion) { try encode(InitProducerIdRequest(), 7) }
        #expect(throws: EncodeError.unsupportedVersion) { try encode(InitProducerIdRequest(), -1) }
        #expect(throws: DecodeError.unsupportedVersion) { try decode(InitProducerIdRequest.self, [], 7) }
    }

    @Test("Unknown tagged fields are skipped up to a number; a known one has to fit")
    func tags() throws {
        let start = wire(5, "kcat", 4, "1.7")
        let two = wire(start, 2, 99, 1, 0, 0xE4, 0x01, 0)
        #expect(try encode(try decode(ApiVersionsRequest.self, two, 3), 3) == wire(start, 0))
        let many = wire(start, 65, (0..<65).flatMap { wire(Int($0), 0) })
        #expect(throws: DecodeError.tooManyTags) { try decode(ApiVersionsRequest.self, many, 3) }
        let response = wire(int16(0), 1, int32(0))
        #expect(throws: DecodeError.invalidTaggedField) {
            try decode(ApiVersionsResponse.self, wire(response, 1, 1, 9, int64(5), 0), 3)
        }
        #expect(throws: DecodeError.truncated) {
            try decode(ApiVersionsResponse.self, wire(response, 1, 1, 7, int64(5)), 3)
        }
    }
}
