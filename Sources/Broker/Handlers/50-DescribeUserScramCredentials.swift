import KafkaProtocol
import KafkaProtocolMore

/// DescribeUserScramCredentials, version 0, flexible. There are no credentials: all of them is an empty list, and a user
/// that is named has none.
enum DescribeUserScramCredentialsHandler {
    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(DescribeUserScramCredentialsRequest.self, maximumElements: RequestLimits.settings)
        var response = DescribeUserScramCredentialsResponse()
        response.errorMessage = nil
        let counts = Dictionary((body.users ?? []).map { ($0.name, 1) }, uniquingKeysWith: +)
        response.results = counts.sorted { $0.key < $1.key }.map { user, count in
            var row = DescribeUserScramCredentialsResponse.DescribeUserScramCredentialsResult()
            row.user = user
            let error: ErrorCode = count == 1 ? .resourceNotFound : .duplicateResource
            row.errorCode = error.rawValue
            row.errorMessage =
                count == 1
                ? "Attempt to describe a user credential that does not exist: \(user)"
                : "Cannot describe SCRAM credentials for the same user twice in a single request: \(user)"
            return row
        }
        session.answer(request.reply, response)
    }
}
