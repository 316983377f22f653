import KafkaProtocol
import Runtime

/// Something that is asked again, with growing waits, until it succeeds, fails for good, or time is up.
final class Attempts<Response> {
    typealias Outcome = Result<Response, ClientError>

    private let client: Client
    private let deadline: MonotonicTime
    private let refusal: (Response) -> ErrorCode
    private let attempt: (_ client: Client, _ timeout: Interval, _ answered: @escaping (Outcome) -> Void) -> Void
    private let willRetry: (_ client: Client, _ failure: Outcome) -> Void
    private let completion: (Outcome) -> Void
    private var backoff: Backoff

    /// - Parameters:
    ///   - refusal: reads the error out of a response that arrived.
    ///   - attempt: asks once.
    ///   - willRetry: is told of what failed before each wait.
    ///   - completion: is given the last outcome as it is.
    init(
        client: Client, deadline: MonotonicTime, refusal: @escaping (Response) -> ErrorCode,
        attempt: @escaping (Client, Interval, @escaping (Outcome) -> Void) -> Void,
        willRetry: @escaping (Client, Outcome) -> Void, completion: @escaping (Outcome) -> Void
    ) {
        self.client = client
        self.deadline = deadline
        self.refusal = refusal
        self.attempt = attempt
        self.willRetry = willRetry
        self.completion = completion
        backoff = Backoff(
            initial: client.configuration.retryBackoff, maximum: client.configuration.retryBackoffMaximum)
    }

    func start() {
        attempt(client, min(deadline - client.loop.now, client.configuration.requestTimeout)) { self.finished($0) }
    }

    private func finished(_ outcome: Outcome) {
        let isRetriable =
            switch outcome {
            case .success(let response): refusal(response).isRetriable
            case .failure(let error): error.isRetriable
            }
        guard isRetriable, client.loop.now + client.configuration.retryBackoff < deadline else {
            return completion(outcome)
        }
        willRetry(client, outcome)
        let wait = min(backoff.next(using: &client.generator), deadline - client.loop.now)
        _ = client.loop.schedule(after: wait) {
            if self.client.loop.now < self.deadline { self.start() } else { self.completion(outcome) }
        }
    }
}
