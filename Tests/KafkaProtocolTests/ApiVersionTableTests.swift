import Bytes
import KafkaProtocol
import Testing

@Suite("The version table")
struct ApiVersionTableTests {
    @Test func everyKeyHasItsRow() {
        #expect(ApiVersionTable.all.map(\.key.rawValue) == Array(0...3) + Array(8...92))
        for key in ApiKey.allCases { #expect(key.row.key == key) }
        #expect(ApiKey.describeTopicPartitions.name == "DescribeTopicPartitions")
        #expect(ApiKey(rawValue: 4) == nil && ApiKey(rawValue: 93) == nil && ApiKey(rawValue: -1) == nil)
    }

    @Test("Ranges are those of 4.3; an unstable version is not offered")
    func ranges() {
        #expect(ApiKey.produce.row.versions == 3...13 && ApiKey.produce.row.advertisedVersions == 0...13)
        #expect(ApiKey.fetch.row.versions == 4...18 && ApiKey.fetch.row.advertisedVersions == 4...18)
        #expect(ApiKey.initProducerId.row.versions == 0...5)
        #expect(ApiKey.joinGroup.row.versions == 0...9)
        #expect(ApiKey.listOffsets.row.versions == 1...11)
        #expect(ApiKey.vote.row.listeners == [.controller] && ApiKey.fetch.row.listeners == [.broker, .controller])
    }

    @Test("Headers follow flexibility, but for ApiVersions responses")
    func headerVersions() {
        #expect(ApiKey.metadata.requestHeaderVersion(8) == 1 && ApiKey.metadata.requestHeaderVersion(9) == 2)
        #expect(ApiKey.metadata.responseHeaderVersion(8) == 0 && ApiKey.metadata.responseHeaderVersion(9) == 1)
        #expect(ApiKey.apiVersions.requestHeaderVersion(3) == 2 && ApiKey.apiVersions.responseHeaderVersion(4) == 0)
        #expect(ApiKey.offsetDelete.requestHeaderVersion(0) == 1 && ApiKey.saslHandshake.responseHeaderVersion(1) == 0)
    }
}

@Suite("Error codes")
struct ErrorCodeTests {
    @Test func names() {
        #expect(
            ErrorCode.unknownServerError.rawValue == -1 && "\(ErrorCode.unknownServerError)" == "UNKNOWN_SERVER_ERROR")
        #expect(ErrorCode.none.rawValue == 0 && "\(ErrorCode.none)" == "NONE")
        #expect(ErrorCode.rebootstrapRequired.rawValue == 129)
        #expect("\(ErrorCode.shareSessionLimitReached)" == "SHARE_SESSION_LIMIT_REACHED")
        #expect("\(ErrorCode(rawValue: 134))" == "134" && "\(ErrorCode(rawValue: -2))" == "-2")
        #expect("\(ErrorCode(rawValue: .min))" == "-32768" && "\(ErrorCode(rawValue: .max))" == "32767")
    }

    @Test func retriable() {
        #expect(ErrorCode.notLeaderOrFollower.isRetriable && ErrorCode.notLeaderOrFollower.invalidatesMetadata)
        #expect(ErrorCode.requestTimedOut.isRetriable && !ErrorCode.requestTimedOut.invalidatesMetadata)
        #expect(!ErrorCode.none.isRetriable && !ErrorCode.offsetOutOfRange.isRetriable)
        #expect(!ErrorCode.messageTooLarge.isRetriable && ErrorCode.kafkaStorageError.isRetriable)
    }
}
