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
    public func send<Request: KafkaRequest>(
        _ request: Request, to destination: Destination = .any, timeout: Interval? = nil,
        adapt: @escaping (_ request: inout Request, _ version: Int16) -> Void = { (_, _) in },
        refusal: @escaping (Request.Response) -> ErrorCode = { _ in .none },
        completion: @escaping (Result<Request.Response, ClientError>) -> Void
    ) {
        let call = Call(
            client: self, request: request, destination: destination,
            deadline: loop.now + (timeout ?? configuration.callTimeout), adapt: adapt, refusal: refusal,
            completion: completion)
        call.start()
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

/// A request with its retries.
private final class Call<Request: KafkaRequest> {
    private let client: Client
    private let request: Request
    private let destination: Destination
    private let deadline: MonotonicTime
    private let adapt: (inout Request, Int16) -> Void
    private let refusal: (Request.Response) -> ErrorCode
    private let completion: (Result<Request.Response, ClientError>) -> Void
    private var backoff: Backoff

    init(
        client: Client, request: Request, destination: Destination, deadline: MonotonicTime,
        adapt: @escaping (inout Request, Int16) -> Void, refusal: @escaping (Request.Response) -> ErrorCode,
        completion: @escaping (Result<Request.Response, ClientError>) -> Void
    ) {
        self.client = client
        self.request = request
        self.destination = destination
        self.deadline = deadline
        self.adapt = adapt
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
        let timeout = min(left, client.configuration.requestTimeout)
        client.attempt(request, to: destination, timeout: timeout, adapt: adapt) { self.finished($0) }
    }

    private func finished(_ result: Result<Request.Response, ClientError>) {
        switch result {
        case .success(let response):
            let error = refusal(response)
            guard error.isRetriable, canRetry(error.invalidatesMetadata) else { return completion(result) }
        case .failure(let error):
            guard error.isRetriable, canRetry(true) else { return completion(result) }
        }
        let wait = min(backoff.next(using: &client.generator), deadline - client.loop.now)
        _ = client.loop.schedule(after: wait) {
            if self.client.loop.now < self.deadline { self.attempt() } else { self.completion(result) }
        }
    }

    /// Whether there is time for one more attempt.
    private func canRetry(_ refreshesMetadata: Bool) -> Bool {
        guard client.loop.now + client.configuration.retryBackoff < deadline else { return false }
        if refreshesMetadata, destination != .any { client.refreshMetadata() }
        return true
    }
}
