import Synchronization

/// Takes the answer to one request: at once, or later from any thread; meanwhile the connection rests and the server goes
/// on with others. A responder that is let go of without an answer answers 500.
public final class HTTPResponder: Sendable {
    private let exchange: Exchange

    init(_ exchange: Exchange) { self.exchange = exchange }

    deinit { exchange.answer(.text("No answer was given.\n", status: .internalServerError)) }

    /// Answers the request; the first answer counts. False where it came too late: there was one, or the server stops.
    @discardableResult
    public func respond(_ response: HTTPResponse) -> Bool { exchange.answer(response) }
}

/// A request that a handler has, and what became of it: *awaited* until the handler has returned, then *suspended* until
/// there is an answer, *answered* until the server's thread sends it, *sent*, and *ended*.
final class Exchange: Sendable {
    private enum State {
        case awaited
        case suspended(LibraryConnection)
        case answered(HTTPResponse)
        case sent(HTTPResponse.Body)
        case ended
    }

    private let state = Mutex(State.awaited)

    @discardableResult
    func answer(_ response: HTTPResponse) -> Bool {
        let isTaken = state.withLock { (state) -> Bool in
            switch state {
            case .awaited: state = .answered(response)
            case .suspended(let connection):
                state = .answered(response)
                connection.resume()
            case .answered, .sent, .ended: return false
            }
            return true
        }
        if !isTaken { response.body.close() }
        return isTaken
    }

    /// The answer; where there is none yet the connection is suspended until there is.
    func takeAnswer(orSuspend connection: LibraryConnection) -> HTTPResponse? {
        state.withLock { state in
            switch state {
            case .answered(let response):
                state = .sent(response.body)
                return response
            case .awaited:
                connection.suspend()
                state = .suspended(connection)
                return nil
            case .suspended, .sent, .ended:
                preconditionFailure("a connection that rests or was answered asks for nothing")
            }
        }
    }

    /// The server stops: who waits is answered so, and what streams is cut off.
    func cancel() {
        answer(.text("The server is stopping.\n", status: .serviceUnavailable))
        let body = state.withLock { (state) -> HTTPResponse.Body? in
            if case .sent(let body) = state { body } else { nil }
        }
        body?.close()
    }

    /// The connection is done with the request. Nobody resumes it from here on.
    func end() {
        let body = state.withLock { (state) -> HTTPResponse.Body? in
            defer { state = .ended }
            switch state {
            case .sent(let body): return body
            case .answered(let response): return response.body
            case .awaited, .suspended, .ended: return nil
            }
        }
        body?.close()
    }
}

extension HTTPResponse.Body {
    fileprivate func close() {
        if case .stream(let stream) = self { stream.close() }
    }
}
