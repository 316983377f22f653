import Bytes
import KafkaProtocol
import Runtime
import Testing

@testable import KafkaClientCore

struct RequestChannelTests {
    private static let start = MonotonicTime(nanoseconds: 0)

    /// What became of requests, in order.
    private final class Outcomes {
        var list: [String] = []
    }

    private let outcomes = Outcomes()

    private func request(_ name: String, deadline: Interval = .seconds(30)) -> OutgoingRequest {
        let outcomes = outcomes
        return OutgoingRequest(
            apiKey: .metadata, versions: MetadataRequest.versions, deadline: RequestChannelTests.start + deadline,
            encode: { (writer, version) throws(EncodeError) in
                try MetadataRequest().encode(into: &writer, version: version)
            },
            complete: { result in
                switch result {
                case .success(let response): outcomes.list.append("\(name) v\(response.version)")
                case .failure(let error): outcomes.list.append("\(name) \(error.code)")
                }
            })
    }

    /// The headers of the frames in a writer.
    private func headers(_ writer: borrowing ByteWriter) throws -> [RequestHeader] {
        try writer.withUnsafeBytes { bytes throws in
            var cursor = ByteCursor(bytes)
            var headers: [RequestHeader] = []
            while cursor.remaining > 0 {
                var frame = ByteCursor(try cursor.take(Int(try cursor.int32())))
                headers.append(try RequestHeader(from: &frame))
            }
            return headers
        }
    }

    /// Frames a response without its length.
    private func response(
        _ correlationId: Int32, headerVersion: Int16, _ body: (inout ByteWriter) throws -> Void
    ) rethrows -> [UInt8] {
        var writer = ByteWriter()
        ResponseHeader(correlationId: correlationId).encode(into: &writer, headerVersion: headerVersion)
        try body(&writer)
        return writer.bytes
    }

    private func versions(_ correlationId: Int32, _ version: Int16, metadata: ClosedRange<Int16>) throws -> [UInt8] {
        var body = ApiVersionsResponse()
        var range = ApiVersionsResponse.ApiVersion()
        range.apiKey = ApiKey.metadata.rawValue
        (range.minVersion, range.maxVersion) = (metadata.lowerBound, metadata.upperBound)
        body.apiKeys = [range]
        return try response(correlationId, headerVersion: 0) { try body.encode(into: &$0, version: version) }
    }

    private func receive(_ frame: [UInt8], _ channel: inout RequestChannel, _ writer: inout ByteWriter) -> String {
        frame.withUnsafeBytes { bytes in
            switch channel.received(bytes, into: &writer) {
            case .response(let request, let response):
                request.complete(.success(response))
                return "response"
            case .negotiated(let refused):
                for (request, error) in refused { request.complete(.failure(error)) }
                return "negotiated"
            case .violation(let reason): return "violation: \(reason)"
            }
        }
    }

    @Test func requestsWaitUntilVersionsAreAgreed() throws {
        var channel = RequestChannel(clientId: "me")
        var writer = ByteWriter()
        let refusal = channel.send(request("early"), into: &writer)
        #expect(refusal == nil)
        #expect(writer.count == 0)
        channel.opened(into: &writer)
        let asked = try headers(writer)
        #expect(asked.map(\.requestApiKey) == [18])
        #expect(asked.map(\.requestApiVersion) == [ApiVersionsRequest.versions.upperBound])
        #expect(asked[0].clientId == "me")
        writer.truncate(to: 0)
        let answer = try versions(0, ApiVersionsRequest.versions.upperBound, metadata: 1...7)
        #expect(receive(answer, &channel, &writer) == "negotiated")
        let sent = try headers(writer)
        #expect(sent.map(\.requestApiKey) == [3])
        #expect(sent.map(\.requestApiVersion) == [7])
        let metadata = try response(1, headerVersion: 0) { try MetadataResponse().encode(into: &$0, version: 7) }
        #expect(receive(metadata, &channel, &writer) == "response")
        #expect(outcomes.list == ["early v7"])
        #expect(channel.load == 0)
    }

    @Test func anOlderBrokerIsAskedInItsOwnVersion() throws {
        var channel = RequestChannel(clientId: "me")
        var writer = ByteWriter()
        channel.opened(into: &writer)
        writer.truncate(to: 0)
        var refusal = ApiVersionsResponse()
        refusal.errorCode = ErrorCode.unsupportedVersion.rawValue
        var range = ApiVersionsResponse.ApiVersion()
        (range.apiKey, range.maxVersion) = (18, 2)
        refusal.apiKeys = [range]
        let frame = try response(0, headerVersion: 0) { try refusal.encode(into: &$0, version: 0) }
        #expect(receive(frame, &channel, &writer) == "negotiated")
        #expect(try headers(writer).map(\.requestApiVersion) == [2])
        #expect(channel.state == .negotiating(version: 2))
        #expect(receive(try versions(1, 2, metadata: 0...9), &channel, &writer) == "negotiated")
        #expect(channel.state == .ready)
        // A broker that refuses its own version would be asked for ever.
        var again = RequestChannel(clientId: "me")
        again.opened(into: &writer)
        range.maxVersion = ApiVersionsRequest.versions.upperBound
        refusal.apiKeys = [range]
        let wrong = try response(0, headerVersion: 0) { try refusal.encode(into: &$0, version: 0) }
        #expect(receive(wrong, &again, &writer).hasPrefix("violation"))
    }

    @Test func aRequestWithoutACommonVersionFailsAlone() throws {
        var channel = RequestChannel(clientId: "me")
        var writer = ByteWriter()
        channel.opened(into: &writer)
        #expect(receive(try versions(0, 4, metadata: 90...91), &channel, &writer) == "negotiated")
        let error = channel.send(request("late"), into: &writer)
        #expect(error?.code == .unsupportedVersion)
        #expect(channel.load == 0)
    }

    @Test func answersOutOfTurnAndGarbageAreViolations() throws {
        var channel = RequestChannel(clientId: "me")
        var writer = ByteWriter()
        channel.opened(into: &writer)
        #expect(receive(try versions(5, 4, metadata: 0...9), &channel, &writer).hasPrefix("violation"))
        #expect(receive(try versions(0, 4, metadata: 0...9), &channel, &writer) == "negotiated")
        #expect(receive([0, 0, 0, 1], &channel, &writer) == "violation: a response that nobody asked for")
        _ = channel.send(request("a"), into: &writer)
        #expect(receive([0, 0, 0, 7, 0], &channel, &writer) == "violation: response 7 in place of 1")
        #expect(receive([0, 0], &channel, &writer).hasPrefix("violation"))
    }

    @Test func truncatedAndRandomNegotiationsNeverTrap() throws {
        let good = try versions(0, 4, metadata: 0...9)
        var generator = SeededGenerator(seed: 11)
        for length in 0..<good.count {
            var channel = RequestChannel(clientId: "me")
            var writer = ByteWriter()
            channel.opened(into: &writer)
            #expect(receive(Array(good[..<length]), &channel, &writer).hasPrefix("violation"))
        }
        for _ in 0..<2_000 {
            var channel = RequestChannel(clientId: "me")
            var writer = ByteWriter()
            channel.opened(into: &writer)
            var frame = good
            for _ in 0..<3 {
                frame[Int.random(in: 4..<frame.count, using: &generator)] = .random(in: 0 ... .max, using: &generator)
            }
            _ = receive(frame, &channel, &writer)
        }
    }

    @Test func deadlinesOfSentAndUnsentRequests() throws {
        var channel = RequestChannel(clientId: "me")
        var writer = ByteWriter()
        _ = channel.send(request("unsent", deadline: .seconds(2)), into: &writer)
        #expect(channel.nextDeadline == RequestChannelTests.start + .seconds(2))
        let early = channel.takeExpired(RequestChannelTests.start + .seconds(1))
        #expect(early.isEmpty)
        let expired = channel.takeExpired(RequestChannelTests.start + .seconds(2))
        #expect(expired.count == 1)
        channel.opened(into: &writer)
        _ = receive(try versions(0, 4, metadata: 0...9), &channel, &writer)
        _ = channel.send(request("sent", deadline: .seconds(5)), into: &writer)
        #expect(!channel.isOverdue(RequestChannelTests.start + .seconds(4)))
        #expect(channel.isOverdue(RequestChannelTests.start + .seconds(5)))
        let lost = channel.closed()
        #expect(lost.count == 1)
        #expect(channel.nextDeadline == nil)
        #expect(channel.state == .connecting)
    }
}
