import Bytes
import Collections
import KafkaProtocol
import Runtime

/// A request on its way: how to write it in a version still to be agreed, and whom to tell.
struct OutgoingRequest {
    let apiKey: ApiKey
    /// The versions the client can write and read, without gaps.
    let versions: ClosedRange<Int16>
    /// False only for a produce without acknowledgement.
    var expectsResponse = true
    let deadline: MonotonicTime
    let encode: (_ writer: inout ByteWriter, _ version: Int16) throws(EncodeError) -> Void
    let complete: (Result<ReceivedResponse, ClientError>) -> Void
}

/// The body of a response, valid during the call that hands it over.
struct ReceivedResponse {
    let version: Int16
    let body: UnsafeRawBufferPointer
}

/// The protocol of one connection: versions are agreed first, then responses come in the order of their requests.
///
/// A pure machine. What it wants sent it appends to a writer; which requests are over, and how, it returns.
struct RequestChannel {
    enum State: Equatable {
        /// Not open yet. Can become `negotiating`.
        case connecting
        /// ApiVersions was asked in this version. Can become `negotiating` with a lower one, or `ready`.
        case negotiating(version: Int16)
        /// Requests may be sent.
        case ready
    }

    /// What an incoming frame means.
    enum Arrival {
        /// The answer to this request.
        case response(OutgoingRequest, ReceivedResponse)
        /// Versions are agreed, or asked for again: there is something to send, and these requests cannot be.
        case negotiated(refused: [(OutgoingRequest, ClientError)])
        /// The peer does not speak the protocol; the connection is of no more use.
        case violation(String)
    }

    private struct Pending {
        let correlationId: Int32
        let version: Int16
        let request: OutgoingRequest
    }

    private(set) var state = State.connecting
    private let clientId: String
    private var supported: [Int16: ClosedRange<Int16>] = [:]
    private var pending = Deque<Pending>()
    private var waiting = Deque<OutgoingRequest>()
    private var unanswered: [OutgoingRequest] = []
    private var nextCorrelationId: Int32 = 0

    init(clientId: String) { self.clientId = clientId }

    /// Requests that were not answered yet, sent or not.
    var load: Int { pending.count + waiting.count }

    /// The versions of a request that both sides speak; nil when there is none, or nothing is agreed yet.
    func commonVersions(_ apiKey: ApiKey, _ own: ClosedRange<Int16>) -> ClosedRange<Int16>? {
        guard let theirs = supported[apiKey.rawValue] else { return nil }
        let lower = max(own.lowerBound, theirs.lowerBound)
        let upper = min(own.upperBound, theirs.upperBound)
        return lower <= upper ? lower...upper : nil
    }

    /// The connection is open: asks for the broker's versions.
    mutating func opened(into writer: inout ByteWriter) {
        precondition(state == .connecting, "a connection opens once")
        negotiate(ApiVersionsRequest.versions.upperBound, into: &writer)
    }

    /// Sends a request, or keeps it until versions are agreed.
    ///
    /// - Returns: an error when it cannot be sent to this broker.
    mutating func send(_ request: OutgoingRequest, into writer: inout ByteWriter) -> ClientError? {
        guard state == .ready else {
            waiting.append(request)
            return nil
        }
        return write(request, into: &writer)
    }

    mutating func received(_ frame: UnsafeRawBufferPointer, into writer: inout ByteWriter) -> Arrival {
        var cursor = ByteCursor(frame)
        do {
            if case .negotiating(let version) = state {
                return try negotiationReceived(&cursor, version: version, into: &writer)
            }
            guard let oldest = pending.popFirst() else { return .violation("a response that nobody asked for") }
            let apiKey = oldest.request.apiKey
            let header = try ResponseHeader(
                from: &cursor, headerVersion: apiKey.responseHeaderVersion(oldest.version))
            guard header.correlationId == oldest.correlationId else {
                pending.prepend(oldest)
                return .violation("response \(header.correlationId) in place of \(oldest.correlationId)")
            }
            return .response(oldest.request, ReceivedResponse(version: oldest.version, body: cursor.rest))
        } catch {
            return .violation("a response that cannot be read")
        }
    }

    /// Takes out the requests that were written and get no answer.
    mutating func takeUnanswered() -> [OutgoingRequest] {
        defer { unanswered = [] }
        return unanswered
    }

    /// When the next request is over its time; nil when none is outstanding.
    var nextDeadline: MonotonicTime? {
        var earliest: MonotonicTime?
        for index in 0..<pending.count { earliest = min(earliest ?? .distantFuture, pending[index].request.deadline) }
        for index in 0..<waiting.count { earliest = min(earliest ?? .distantFuture, waiting[index].deadline) }
        return earliest
    }

    /// Whether a request that was sent is over its time. Its answer may still come, and others behind it, so the connection
    /// is given up then.
    func isOverdue(_ now: MonotonicTime) -> Bool {
        (0..<pending.count).contains { pending[$0].request.deadline <= now }
    }

    /// Takes out the requests that were not sent and are over their time.
    mutating func takeExpired(_ now: MonotonicTime) -> [OutgoingRequest] {
        var expired: [OutgoingRequest] = []
        var rest = Deque<OutgoingRequest>()
        while let request = waiting.popFirst() {
            if request.deadline <= now { expired.append(request) } else { rest.append(request) }
        }
        waiting = rest
        return expired
    }

    /// The connection is gone: takes out every request, in order.
    mutating func closed() -> [OutgoingRequest] {
        var lost: [OutgoingRequest] = []
        while let sent = pending.popFirst() { lost.append(sent.request) }
        while let request = waiting.popFirst() { lost.append(request) }
        state = .connecting
        supported = [:]
        return lost
    }
}

extension RequestChannel {
    private mutating func negotiate(_ version: Int16, into writer: inout ByteWriter) {
        state = .negotiating(version: version)
        var request = ApiVersionsRequest()
        request.clientSoftwareName = "martlet"
        request.clientSoftwareVersion = "1"
        let start = beginFrame(&writer)
        do {
            try header(.apiVersions, version).encode(into: &writer)
            try request.encode(into: &writer, version: version)
        } catch {
            preconditionFailure("ApiVersions can be written in each of its versions")
        }
        endFrame(&writer, start)
    }

    private mutating func negotiationReceived(
        _ cursor: inout ByteCursor, version: Int16, into writer: inout ByteWriter
    ) throws(DecodeError) -> Arrival {
        let header = try ResponseHeader(from: &cursor, headerVersion: 0)
        guard header.correlationId == nextCorrelationId &- 1 else { return .violation("an answer out of turn") }
        // A broker that does not know the version says so in the format of version 0.
        var peek = cursor
        let isRefused = try peek.int16() == ErrorCode.unsupportedVersion.rawValue
        let response = try ApiVersionsResponse(from: &cursor, version: isRefused ? 0 : version)
        if isRefused {
            let theirs = response.apiKeys.first { $0.apiKey == ApiKey.apiVersions.rawValue }?.maxVersion ?? 0
            guard theirs >= 0, theirs < version else { return .violation("no version of ApiVersions in common") }
            negotiate(theirs, into: &writer)
            return .negotiated(refused: [])
        }
        guard response.errorCode == 0 else {
            return .violation("ApiVersions failed: \(ErrorCode(rawValue: response.errorCode))")
        }
        for range in response.apiKeys where range.minVersion <= range.maxVersion {
            supported[range.apiKey] = range.minVersion...range.maxVersion
        }
        state = .ready
        var refused: [(OutgoingRequest, ClientError)] = []
        while let request = waiting.popFirst() {
            if let error = write(request, into: &writer) { refused.append((request, error)) }
        }
        return .negotiated(refused: refused)
    }

    private mutating func write(_ request: OutgoingRequest, into writer: inout ByteWriter) -> ClientError? {
        guard let version = commonVersions(request.apiKey, request.versions)?.upperBound else {
            return ClientError(.unsupportedVersion, "the broker has no \(request.apiKey.name) that this client knows")
        }
        let start = beginFrame(&writer)
        let header = header(request.apiKey, version)
        do throws(EncodeError) {
            try header.encode(into: &writer)
            try request.encode(&writer, version)
        } catch {
            writer.truncate(to: start)
            return ClientError(
                .unsupportedVersion, "\(request.apiKey.name) \(version) cannot say what was asked: \(error)")
        }
        endFrame(&writer, start)
        if request.expectsResponse {
            pending.append(Pending(correlationId: header.correlationId, version: version, request: request))
        } else {
            unanswered.append(request)
        }
        return nil
    }

    private mutating func header(_ apiKey: ApiKey, _ version: Int16) -> RequestHeader {
        defer { nextCorrelationId &+= 1 }
        return RequestHeader(
            apiKey: apiKey, version: version, correlationId: nextCorrelationId, clientId: clientId)
    }

    private func beginFrame(_ writer: inout ByteWriter) -> Int {
        writer.write(Int32(0))
        return writer.count - 4
    }

    private func endFrame(_ writer: inout ByteWriter, _ start: Int) {
        writer.overwrite(Int32(truncatingIfNeeded: writer.count - start - 4), at: start)
    }
}
