import Bytes
import KafkaProtocol
import Runtime

extension Client {
    /// Sends a request and sends it again, with growing waits, while it may still succeed.
    ///
    /// - Parameters:
    ///   - timeout: for all attempts together; nil is the configuration's `callTimeout`.
    ///   - refusal: reads the error out of a response that arrived. A retriable one is tried again; when time is up, the
    ///     last response is handed over as it is.
    public func send<Request: KafkaRequest>(
        _ request: Request, to destination: Destination = .any, timeout: Interval? = nil,
        refusal: @escaping (Request.Response) -> ErrorCode = { _ in .none },
        completion: @escaping (Result<Request.Response, ClientError>) -> Void
    ) {
        let call = Call(
            client: self, request: request, destination: destination,
            deadline: loop.now + (timeout ?? configuration.callTimeout), refusal: refusal, completion: completion)
        call.start()
    }

    /// Sends a request once.
    func attempt<Request: KafkaRequest>(
        _ request: Request, to destination: Destination, timeout: Interval,
        completion: @escaping (Result<Request.Response, ClientError>) -> Void
    ) {
        let outgoing = OutgoingRequest(
            apiKey: Request.apiKey, versions: Request.versions, deadline: loop.now + timeout,
            encode: { (writer, version) throws(EncodeError) in try request.encode(into: &writer, version: version) },
            complete: { completion($0.flatMap(decode)) })
        transmit(outgoing, to: destination)
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

/// A request with its retries.
private final class Call<Request: KafkaRequest> {
    private let client: Client
    private let request: Request
    private let destination: Destination
    private let deadline: MonotonicTime
    private let refusal: (Request.Response) -> ErrorCode
    private let completion: (Result<Request.Response, ClientError>) -> Void
    private var backoff: Backoff

    init(
        client: Client, request: Request, destination: Destination, deadline: MonotonicTime,
        refusal: @escaping (Request.Response) -> ErrorCode,
        completion: @escaping (Result<Request.Response, ClientError>) -> Void
    ) {
        self.client = client
        self.request = request
        self.destination = destination
        self.deadline = deadline
        self.refusal = refusal
        self.completion = completion
        backoff = Backoff(
            initial: client.configuration.retryBackoff, maximum: client.configuration.retryBackoffMaximum)
    }

    func start() {
        if case .leader(let partition) = destination { client.track(topic: partition.topic) }
        attempt()
    }

    private func attempt() {
        let left = deadline - client.loop.now
        client.attempt(request, to: destination, timeout: min(left, client.configuration.requestTimeout)) { result in
            self.finished(result)
        }
    }

    private func finished(_ result: Result<Request.Response, ClientError>) {
        switch result {
        case .success(let response):
            let error = refusal(response)
            guard error.isRetriable, canRetry(error.invalidatesMetadata) else { return completion(result) }
        case .failure(let error):
            guard error.isRetriable, canRetry(true) else { return completion(result) }
        }
        let wait = backoff.next(using: &client.generator)
        _ = client.loop.schedule(after: wait) { self.attempt() }
    }

    /// Whether there is time for one more attempt.
    private func canRetry(_ refreshesMetadata: Bool) -> Bool {
        guard client.loop.now + client.configuration.retryBackoff < deadline else { return false }
        if refreshesMetadata, destination != .any { client.refreshMetadata() }
        return true
    }
}
