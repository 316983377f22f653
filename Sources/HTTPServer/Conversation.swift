import CMicrohttpd
import Runtime

/// One request on its way in, on the server's thread.
///
/// *begun* with its request line; *receiving* from its headers to the end of its body; *dispatched* to its handler; or
/// *refused*, which may come at any step.
final class Conversation {
    private enum State {
        case begun
        case receiving(HTTPRoute, HTTPMethod, RequestTarget, HTTPHeaders, parameters: [String: String])
        case dispatched(Exchange)
        case refused
    }

    /// Bytes over a body's limit that are still read, in order to answer.
    private static let maximumOverflow = 16 << 20

    private let core: ServerCore
    private let target: String
    private let beginning = MonotonicTime.current()
    private var state = State.begun
    private var body: [UInt8] = []
    private var isTooLarge = false
    private var overflow = 0
    private var connection: LibraryConnection?

    init(core: ServerCore, target: String) {
        self.core = core
        self.target = target
    }

    /// Takes what has come of the request; false breaks the connection.
    func received(_ bytes: UnsafeRawBufferPointer, method: String, _ connection: LibraryConnection) -> Bool {
        switch state {
        case .begun:
            self.connection = connection
            core.isAtWork(connection, true)
            return begin(method, connection)
        case .receiving(let route, let method, let target, let headers, let parameters):
            if bytes.isEmpty {
                guard !isTooLarge else { return refuse(.contentTooLarge, connection) }
                let request = HTTPRequest(
                    method: method, target: target, headers: headers, body: body, parameters: parameters)
                return dispatch(request, to: route, connection)
            }
            return append(bytes, limit: route.maximumBodyBytes)
        case .dispatched(let exchange): return sendAnswer(of: exchange, connection)
        case .refused: return true
        }
    }

    private func begin(_ method: String, _ connection: LibraryConnection) -> Bool {
        guard let method = HTTPMethod(rawValue: method) else { return refuse(.notImplemented, connection) }
        guard let target = RequestTarget(target) else { return refuse(.badRequest, connection) }
        switch core.routes.match(method, target.segments) {
        case .notFound: return refuse(.notFound, connection)
        case .methodNotAllowed(let methods):
            let allowed = methods.map(\.rawValue).joined(separator: ", ")
            return refuse(.methodNotAllowed, connection, [("Allow", allowed)])
        case .route(let route, let parameters):
            let headers = connection.headers
            if let length = headers["Content-Length"].flatMap({ UInt64($0) }), length > UInt64(route.maximumBodyBytes) {
                return refuse(.contentTooLarge, connection)
            }
            state = .receiving(route, method, target, headers, parameters: parameters)
            return true
        }
    }

    /// What is over the limit is read and forgotten, since no answer can be given before the end of the body; but not for
    /// ever.
    private func append(_ bytes: UnsafeRawBufferPointer, limit: Int) -> Bool {
        guard MonotonicTime.current() - beginning < core.limits.bodyTimeout else { return false }
        if isTooLarge || bytes.count > limit - body.count {
            isTooLarge = true
            body = []
            overflow += bytes.count
            return overflow <= Conversation.maximumOverflow
        }
        body.append(contentsOf: bytes)
        return true
    }

    private func dispatch(_ request: HTTPRequest, to route: HTTPRoute, _ connection: LibraryConnection) -> Bool {
        let exchange = Exchange()
        guard core.began(exchange) else { return refuse(.serviceUnavailable, connection) }
        state = .dispatched(exchange)
        route.handler(request, HTTPResponder(exchange))
        return sendAnswer(of: exchange, connection)
    }

    private func sendAnswer(of exchange: Exchange, _ connection: LibraryConnection) -> Bool {
        guard let response = exchange.takeAnswer(orSuspend: connection) else { return true }
        return connection.send(response, closing: core.isStopping)
    }

    private func refuse(
        _ status: HTTPStatus, _ connection: LibraryConnection, _ headers: [(name: String, value: String)] = []
    ) -> Bool {
        state = .refused
        var response = HTTPResponse.text(status.reason + "\n", status: status)
        for line in headers { response.headers.add(line.name, line.value) }
        return connection.send(response, closing: core.isStopping)
    }

    func ended() {
        if let connection { core.isAtWork(connection, false) }
        guard case .dispatched(let exchange) = state else { return }
        exchange.end()
        core.ended(exchange)
    }
}

extension HTTPStatus {
    /// What a refusal says to a person.
    fileprivate var reason: String {
        switch self {
        case .badRequest: "The path or the query is malformed."
        case .notFound: "There is nothing at this path."
        case .methodNotAllowed: "This path does not take this method."
        case .contentTooLarge: "The body is too large."
        case .notImplemented: "This method is not known."
        case .serviceUnavailable: "The server is stopping."
        default: "The request was refused."
        }
    }
}
