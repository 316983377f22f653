import Runtime
import Synchronization
import Testing

@testable import HTTPServer

/// The server over real sockets.
struct HTTPServerTests {
    private func serve(
        limits: HTTPLimits = HTTPLimits(), on host: String = "127.0.0.1", _ fill: (inout HTTPRoutes) -> Void
    ) throws -> (server: HTTPServer, port: UInt16) {
        var routes = HTTPRoutes()
        routes.add(.get, "/hello") { _, responder in responder.respond(.text("hello\n")) }
        routes.add(.post, "/echo", maximumBodyBytes: 1_000) { request, responder in
            responder.respond(HTTPResponse(.ok, contentType: "application/octet-stream", .bytes(request.body)))
        }
        fill(&routes)
        let server = try HTTPServer.start(on: [HostPort(host: host, port: 0)], routes: routes, limits: limits)
        return (server, try #require(server.endpoints.first?.port))
    }

    @Test func connectionIsKeptAndRequestsMayBePipelined() throws {
        let (server, port) = try serve { _ in }
        defer { server.stop() }
        let client = try TestSocket(port: port)
        let request = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"
        for _ in 0..<3 {
            try client.send(request)
            #expect(try client.response().text == "hello\n")
        }
        let post = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
        try client.send(request + post + request)
        #expect(try client.response().text == "hello\n")
        #expect(try client.response().text == "abc")
        #expect(try client.response().text == "hello\n")
        #expect(server.statistics.requests == 6)
    }

    @Test func headSaysTheLengthAlone() throws {
        let (server, port) = try serve { _ in }
        defer { server.stop() }
        let client = try TestSocket(port: port)
        try client.send("HEAD /hello HTTP/1.1\r\nHost: x\r\n\r\nGET /hello HTTP/1.1\r\nHost: x\r\n\r\n")
        let head = try client.response(toHead: true)
        #expect(head.status == 200)
        #expect(head.headers["content-length"] == "6")
        #expect(try client.response().text == "hello\n")
    }

    @Test func requestArrivesWhole() throws {
        let (server, port) = try serve { routes in
            routes.add(.put, "/things/{name}") { request, responder in
                let parts = [
                    request.parameters["name"], request.target.parameter("q"), request.headers["x-custom"],
                    String(decoding: request.body, as: UTF8.self),
                ]
                responder.respond(.text(parts.map { $0 ?? "-" }.joined(separator: "|")))
            }
        }
        defer { server.stop() }
        let client = try TestSocket(port: port)
        try client.send(
            "PUT /things/a%2Fb?q=1+2 HTTP/1.1\r\nHost: x\r\nX-Custom: v\r\nTransfer-Encoding: chunked\r\n\r\n")
        try client.send("3\r\nabc\r\n")
        try client.send("2\r\nde\r\n0\r\n\r\n")
        #expect(try client.response().text == "a/b|1 2|v|abcde")
    }

    @Test func unknownPathsAndMethodsAreRefused() throws {
        let (server, port) = try serve { _ in }
        defer { server.stop() }
        func status(_ line: String) throws -> TestSocket.Response {
            let client = try TestSocket(port: port)
            try client.send("\(line) HTTP/1.1\r\nHost: x\r\n\r\n")
            return try client.response()
        }
        #expect(try status("GET /nothing").status == 404)
        let refused = try status("DELETE /hello")
        #expect(refused.status == 405)
        #expect(refused.headers["allow"] == "GET")
        #expect(try status("BREW /hello").status == 501)
        #expect(try status("GET /%zz").status == 400)
    }

    @Test func bodiesAndHeadersAreBounded() throws {
        let (server, port) = try serve { _ in }
        defer { server.stop() }
        let declared = try TestSocket(port: port)
        try declared.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n")
        #expect(try declared.response().status == 413)
        let chunked = try TestSocket(port: port)
        try chunked.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in 0..<20 { try chunked.send("64\r\n\(String(repeating: "x", count: 100))\r\n") }
        try chunked.send("0\r\n\r\n")
        #expect(try chunked.response().status == 413)
        let header = try TestSocket(port: port)
        let long = String(repeating: "x", count: 40_000)
        try header.send("GET /hello HTTP/1.1\r\nHost: x\r\nX-Long: \(long)\r\n\r\n")
        #expect(try header.response().status == 431)
    }

    @Test func answerMayComeLaterFromAnotherThread() throws {
        let waiting = Mutex<[HTTPResponder]>([])
        let arrived = try Rendezvous<Bool>()
        let (server, port) = try serve { routes in
            routes.add(.get, "/late") { _, responder in
                waiting.withLock { $0.append(responder) }
                arrived.put(true)
            }
        }
        defer { server.stop() }
        let late = try TestSocket(port: port)
        try late.send("GET /late HTTP/1.1\r\nHost: x\r\n\r\nGET /hello HTTP/1.1\r\nHost: x\r\n\r\n")
        _ = arrived.wait()
        let other = try TestSocket(port: port)
        try other.send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try other.response().text == "hello\n", "the server does not wait for the late answer")
        let responder = try #require(waiting.withLock { $0.popLast() })
        #expect(responder.respond(.text("at last")))
        #expect(!responder.respond(.text("once more")))
        #expect(try late.response().text == "at last")
        #expect(try late.response().text == "hello\n")
    }

    @Test func droppedResponderAnswersForItself() throws {
        let (server, port) = try serve { routes in routes.add(.get, "/forgotten") { _, _ in } }
        defer { server.stop() }
        let client = try TestSocket(port: port)
        try client.send("GET /forgotten HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try client.response().status == 500)
    }

    @Test func slowClientIsClosed() throws {
        var limits = HTTPLimits()
        limits.idleTimeout = .seconds(1)
        let (server, port) = try serve(limits: limits) { _ in }
        defer { server.stop() }
        let client = try TestSocket(port: port)
        try client.send("GET /hel")
        #expect(try client.isClosedByServer())
    }

    @Test func slowClientsMakeRoomForOthers() throws {
        var limits = HTTPLimits()
        limits.connections = 20
        let (server, port) = try serve(limits: limits) { _ in }
        defer { server.stop() }
        let slow = try (0..<20).map { _ in try TestSocket(port: port) }
        for client in slow { try client.send("GET /hel") }
        for _ in 0..<30 {
            let client = try TestSocket(port: port)
            try client.send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try client.response().text == "hello\n")
        }
        #expect(try slow[0].isClosedByServer())
        #expect(server.statistics.openConnections <= 20)
    }

    @Test func fiveHundredConnectionsAreServed() throws {
        let (server, port) = try serve { _ in }
        defer { server.stop() }
        let clients = try (0..<500).map { _ in try TestSocket(port: port) }
        for client in clients { try client.send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n") }
        for client in clients { #expect(try client.response().text == "hello\n") }
        #expect(server.statistics.openConnections == 500)
        for client in clients { try client.send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n") }
        for client in clients { #expect(try client.response().text == "hello\n") }
    }

    @Test(arguments: [("localhost", false), ("::1", true), ("127.0.0.1", false)])
    func addressesOfBothFamiliesAreBound(host: String, isIPv6: Bool) throws {
        let (server, port) = try serve(on: host) { _ in }
        defer { server.stop() }
        let client = try TestSocket(port: port, isIPv6: isIPv6)
        try client.send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try client.response().text == "hello\n")
    }

    @Test func takenPortIsNamed() throws {
        let (server, port) = try serve { _ in }
        defer { server.stop() }
        do throws(HTTPServerError) {
            try HTTPServer.start(on: [HostPort(host: "127.0.0.1", port: port)], routes: HTTPRoutes()).stop()
            Issue.record("the port was taken")
        } catch {
            #expect(error.description.contains("127.0.0.1:\(port)"))
            #expect(error.description.contains("in use"))
        }
    }
}
