/// A request, whole.
public struct HTTPRequest: Sendable {
    public let method: HTTPMethod
    public let target: RequestTarget
    public let headers: HTTPHeaders
    /// At most as long as its route allows.
    public let body: [UInt8]
    /// What stands in the path where the route has a name in braces.
    public let parameters: [String: String]

    public init(
        method: HTTPMethod, target: RequestTarget, headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = [],
        parameters: [String: String] = [:]
    ) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.parameters = parameters
    }
}
