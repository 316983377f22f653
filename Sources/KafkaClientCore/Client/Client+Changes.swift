import Bytes
import KafkaProtocol

/// What a broker answers to a change of one thing.
struct ChangeAnswer {
    let errorCode: Int16
    let errorMessage: String?

    init(_ errorCode: Int16, _ errorMessage: String?) {
        self.errorCode = errorCode
        self.errorMessage = errorMessage
    }
}

extension Client {
    /// Asks for a change of one thing, again where a broker did nothing and may do it a little later.
    ///
    /// - Parameters:
    ///   - subject: what is changed, for messages.
    ///   - what: what is done to it, for messages.
    ///   - answer: reads the one row of the response; nil when it has none.
    func change<Request: KafkaRequest>(
        _ request: Request, to destination: Destination = .controller, subject: String, doing what: String,
        answer: @escaping (Request.Response) -> ChangeAnswer?,
        completion: @escaping (Result<Void, ClientError>) -> Void
    ) {
        send(
            request, to: destination,
            refusal: { ErrorCode(rawValue: answer($0)?.errorCode ?? 0).retriedByAdministration }
        ) { result in
            completion(
                result.flatMap { response -> Result<Void, ClientError> in
                    guard let row = answer(response) else { return .failure(.leftOut(subject)) }
                    guard row.errorCode == 0 else {
                        let text = row.errorMessage.flatMap { $0.isEmpty ? nil : $0 }
                        return .failure(ClientError(row.errorCode, text, doing: what))
                    }
                    return .success(())
                })
        }
    }
}

extension ErrorCode {
    /// Itself where a broker did nothing and may do it a little later, otherwise `none`.
    var retriedByAdministration: ErrorCode {
        self == .notController || self == .throttlingQuotaExceeded ? self : .none
    }
}

extension ClientError {
    /// An answer that does not say what became of `subject`.
    static func leftOut(_ subject: String) -> ClientError {
        ClientError(.malformedResponse, "the answer leaves out \(subject)")
    }
}
