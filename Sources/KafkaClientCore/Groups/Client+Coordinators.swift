import KafkaProtocol
import KafkaProtocolMore
import Runtime

extension Client {
    /// Sends a request to a group's coordinator, wherever that is by then, and again while it may still succeed.
    ///
    /// - Parameters:
    ///   - timeout: for all attempts together; nil is the configuration's `callTimeout`.
    ///   - versions: those that `request` can be said in.
    ///   - adapt: changes the request for the version that is agreed with the broker.
    ///   - refusal: reads the error of the whole out of a response. A retriable one is tried again; when time is up, the
    ///     last response is handed over as it is.
    func sendToCoordinator<Request: KafkaRequest>(
        of group: String, _ request: Request, timeout: Interval? = nil,
        versions: ClosedRange<Int16> = Request.versions,
        adapt: @escaping (_ request: inout Request, _ version: Int16) -> Void = { (_, _) in },
        refusal: @escaping (Request.Response) -> ErrorCode,
        completion: @escaping (Result<Request.Response, ClientError>) -> Void
    ) {
        let call = CoordinatorCall(
            client: self, group: group, deadline: loop.now + (timeout ?? configuration.callTimeout), refusal: refusal,
            completion: completion
        ) { client, node, timeout, answered in
            client.attempt(
                request, to: .node(node), timeout: timeout, versions: versions, adapt: adapt, completion: answered)
        }
        call.start()
    }

    /// Asks which broker coordinates a group, once, where that is not known.
    func findCoordinator(
        of group: String, timeout: Interval, completion: @escaping (Result<Int32, ClientError>) -> Void
    ) {
        if let known = coordinators[group] { return completion(.success(known)) }
        attempt(
            FindCoordinatorRequest(), to: .any, timeout: timeout,
            adapt: { (request, version) in
                if version >= 4 { request.coordinatorKeys = [group] } else { request.key = group }
            },
            completion: { [weak self] result in
                completion(
                    result.flatMap { response in
                        let found = response.coordinators.first
                        let code = found?.errorCode ?? response.errorCode
                        guard code == 0 else {
                            return .failure(ClientError(code, doing: "finding the coordinator of group \(group)"))
                        }
                        let node = found?.nodeId ?? response.nodeId
                        self?.coordinators[group] = node
                        return .success(node)
                    })
            })
    }

    /// A coordinator was not where it was thought to be, or cannot be reached.
    func forgetCoordinator(of group: String) { coordinators[group] = nil }
}

extension ErrorCode {
    /// Whether a group's coordinator has to be looked for again.
    var meansOtherCoordinator: Bool { self == .notCoordinator || self == .coordinatorNotAvailable }
}

/// A request to a coordinator with its retries.
private final class CoordinatorCall<Response> {
    typealias Attempt = (Client, Int32, Interval, @escaping (Result<Response, ClientError>) -> Void) -> Void

    private let client: Client
    private let group: String
    private let deadline: MonotonicTime
    private let refusal: (Response) -> ErrorCode
    private let completion: (Result<Response, ClientError>) -> Void
    private let attempt: Attempt
    private var backoff: Backoff

    init(
        client: Client, group: String, deadline: MonotonicTime, refusal: @escaping (Response) -> ErrorCode,
        completion: @escaping (Result<Response, ClientError>) -> Void, attempt: @escaping Attempt
    ) {
        self.client = client
        self.group = group
        self.deadline = deadline
        self.refusal = refusal
        self.completion = completion
        self.attempt = attempt
        backoff = Backoff(
            initial: client.configuration.retryBackoff, maximum: client.configuration.retryBackoffMaximum)
    }

    private var timeout: Interval { min(deadline - client.loop.now, client.configuration.requestTimeout) }

    func start() {
        guard client.metadata.brokers.isEmpty else { return find() }
        client.describeCluster(topics: []) { result in
            switch result {
            case .success: self.find()
            case .failure(let error): self.completion(.failure(error))
            }
        }
    }

    private func find() {
        client.findCoordinator(of: group, timeout: timeout) { result in
            switch result {
            case .success(let node): self.attempt(self.client, node, self.timeout) { self.finished($0) }
            case .failure(let error): self.finished(.failure(error))
            }
        }
    }

    private func finished(_ result: Result<Response, ClientError>) {
        switch result {
        case .success(let response):
            let error = refusal(response)
            if error.meansOtherCoordinator { client.forgetCoordinator(of: group) }
            guard error.isRetriable else { return completion(result) }
        case .failure(let error):
            guard error.isRetriable else { return completion(result) }
            client.forgetCoordinator(of: group)
        }
        guard client.loop.now + client.configuration.retryBackoff < deadline else { return completion(result) }
        let wait = min(backoff.next(using: &client.generator), deadline - client.loop.now)
        _ = client.loop.schedule(after: wait) {
            if self.client.loop.now < self.deadline { self.start() } else { self.completion(result) }
        }
    }
}
