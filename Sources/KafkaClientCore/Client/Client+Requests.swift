import Bytes
import KafkaProtocol
import Runtime

extension Client {
    /// Sends a request and sends it again, with growing waits, while it may still succeed.
    ///
    /// - Parameters:
    ///   - timeout: for all attempts together; nil is the configuration's `callTimeout`.
    ///   - adapt: changes the request for the version that is agreed with the broker.
    ///   - refusal: reads the error out of a response that arrived. A retriable one is tried again; when time is up, the
    ///     last response is handed over as it is.
    ///   - willRetry: is told what failed before each further attempt.
    public func send<Request: KafkaRequest>(
        _ request: Request, to destination: Destination = .any, timeout: Interval? = nil,
        adapt: @escaping (_ request: inout Request, _ version: Int16) -> Void = { (_, _) in },
        refusal: @escaping (Request.Response) -> ErrorCode = { _ in .none },
        willRetry: @escaping (Result<Request.Response, ClientError>) -> Void = { _ in },
        completion: @escaping (Result<Request.Response, ClientError>) -> Void
    ) {
        if case .leader(let partition) = destination { track(topic: partition.topic) }
        let attempts = Attempts(
            client: self, deadline: loop.now + (timeout ?? configuration.callTimeout), refusal: refusal,
            attempt: { client, left, answered in
                client.attempt(request, to: destination, timeout: left, adapt: adapt, completion: answered)
            },
            willRetry: { client, result in
                let isElsewhere = (try? result.get()).map { refusal($0).invalidatesMetadata } ?? true
                if isElsewhere, destination != .any { client.refreshMetadata() }
                willRetry(result)
            }, completion: completion)
        attempts.start()
    }

    /// Sends a request once.
    ///
    /// - Parameter versions: those that `request` can be said in.
    func attempt<Request: KafkaRequest>(
        _ request: Request, to destination: Destination, timeout: Interval,
        versions: ClosedRange<Int16> = Request.versions, purpose: Purpose = .general,
        adapt: @escaping (_ request: inout Request, _ version: Int16) -> Void = { (_, _) in },
        completion: @escaping (Result<Request.Response, ClientError>) -> Void
    ) {
        let outgoing = OutgoingRequest(
            apiKey: Request.apiKey, versions: versions, deadline: loop.now + timeout,
            encode: { (writer, version) throws(EncodeError) in
                var adapted = request
                adapt(&adapted, version)
                try adapted.encode(into: &writer, version: version)
            },
            complete: { completion($0.flatMap(decode)) })
        transmit(outgoing, to: destination, purpose: purpose)
    }
}

private func decode<Response: KafkaMessage>(_ received: ReceivedResponse) -> Result<Response, ClientError> {
    var cursor = ByteCursor(received.body)
    do {
        return .success(try Response(from: &cursor, version: received.version))
    } catch {
        return .failure(ClientError(.malformedResponse, "an answer that cannot be read: \(error)"))
    }
}
