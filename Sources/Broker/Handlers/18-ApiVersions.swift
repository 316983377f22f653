import Controller
import KafkaProtocol
import Metadata

/// ApiVersions, versions 0 to 4; the answer's header is always of version 0. 3 flexible, with the client's software and
/// the features; 4 features of lowest level 0 (older clients stumble over them).
enum ApiVersionsHandler {
    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(ApiVersionsRequest.self)
        var response = ApiVersionsResponse()
        if request.version >= 3,
            !isValidSoftware(body.clientSoftwareName) || !isValidSoftware(body.clientSoftwareVersion)
        {
            response.errorCode = ErrorCode.invalidRequest.rawValue
            session.answer(request.reply, response)
            return
        }
        response.apiKeys = table(session.shard.dispatch)
        if request.version >= 3 { addFeatures(&response, version: request.version, session.shard.image) }
        session.answer(request.reply, response)
    }

    /// A version above ours: told in the oldest form, in which the client learns what to ask instead.
    static func refuse(_ head: RequestHead, _ session: ClientSession) {
        var response = ApiVersionsResponse()
        response.errorCode = ErrorCode.unsupportedVersion.rawValue
        response.apiKeys = table(session.shard.dispatch).filter { $0.apiKey == ApiKey.apiVersions.rawValue }
        session.answer(Reply(key: .apiVersions, version: 0, correlationID: head.correlationID), response)
    }

    private static func table(_ dispatch: DispatchTable) -> [ApiVersionsResponse.ApiVersion] {
        dispatch.apis.map { api in
            var row = ApiVersionsResponse.ApiVersion()
            row.apiKey = api.key.rawValue
            row.minVersion = api.advertised.lowerBound
            row.maxVersion = api.advertised.upperBound
            return row
        }
    }

    private static func addFeatures(_ response: inout ApiVersionsResponse, version: Int16, _ image: ClusterImage) {
        for feature in FinalizedFeatures.supported where version >= 4 || feature.minimum > 0 {
            var row = ApiVersionsResponse.SupportedFeatureKey()
            row.name = feature.name
            row.minVersion = feature.minimum
            row.maxVersion = feature.maximum
            response.supportedFeatures.append(row)
        }
        response.finalizedFeaturesEpoch = image.position.offset
        for (name, level) in image.features.sorted(by: { $0.key < $1.key }) where level > 0 {
            var row = ApiVersionsResponse.FinalizedFeatureKey()
            row.name = name
            row.minVersionLevel = level
            row.maxVersionLevel = level
            response.finalizedFeatures.append(row)
        }
    }

    /// `[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?` (KIP-511).
    private static func isValidSoftware(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        }
        guard let first = bytes.first, let last = bytes.last, isAlphanumeric(first), isAlphanumeric(last) else {
            return false
        }
        return bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
    }
}
