import Bytes
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
        let attempts = Attempts(
            client: self, deadline: loop.now + (timeout ?? configuration.callTimeout), refusal: refusal,
            attempt: { client, left, answered in
                client.askCoordinator(of: group, request, timeout: left, versions: versions, adapt: adapt) { outcome in
                    if case .success(let response) = outcome, refusal(response).meansOtherCoordinator {
                        client.forgetCoordinator(of: group)
                    }
                    answered(outcome)
                }
            }, willRetry: { (_, _) in }, completion: completion)
        attempts.start()
    }

    /// Sends a request to a group's coordinator once, which is looked for where it is not known.
    ///
    /// - Parameter versions: those that `request` can be said in.
    func askCoordinator<Request: KafkaRequest>(
        of group: String, _ request: Request, timeout: Interval, versions: ClosedRange<Int16> = Request.versions,
        purpose: Purpose = .general,
        adapt: @escaping (_ request: inout Request, _ version: Int16) -> Void = { (_, _) in },
        completion: @escaping (Result<Request.Response, ClientError>) -> Void
    ) {
        let deadline = loop.now + timeout
        findCoordinator(of: group, timeout: timeout) { [weak self] found in
            guard let self else { return }
            switch found {
            case .failure(let error): completion(.failure(error))
            case .success(let node):
                attempt(
                    request, to: .node(node), timeout: deadline - loop.now, versions: versions, purpose: purpose,
                    adapt: adapt
                ) { [weak self] outcome in
                    if case .failure(let error) = outcome, error.isRetriable { self?.forgetCoordinator(of: group) }
                    completion(outcome)
                }
            }
        }
    }

    /// Asks which broker coordinates a group, once, where that is not known; and for the brokers, where these are not.
    private func findCoordinator(
        of group: String, timeout: Interval, completion: @escaping (Result<Int32, ClientError>) -> Void
    ) {
        guard !metadata.brokers.isEmpty else {
            return describeCluster(topics: []) { [weak self] result in
                switch result {
                case .success: self?.findCoordinator(of: group, timeout: timeout, completion: completion)
                case .failure(let error): completion(.failure(error))
                }
            }
        }
        if let known = coordinators[Name(group)] { return completion(.success(known)) }
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
                        self?.coordinators[Name(group)] = node
                        return .success(node)
                    })
            })
    }

    /// A coordinator was not where it was thought to be, or cannot be reached.
    func forgetCoordinator(of group: String) { coordinators[Name(group)] = nil }
}

extension ErrorCode {
    /// Whether a group's coordinator has to be looked for again.
    var meansOtherCoordinator: Bool { self == .notCoordinator || self == .coordinatorNotAvailable }
}
