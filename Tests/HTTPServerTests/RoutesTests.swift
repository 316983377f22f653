import Testing

@testable import HTTPServer

struct RoutesTests {
    private func routes() -> HTTPRoutes {
        var routes = HTTPRoutes()
        routes.add(.get, "/") { _, _ in }
        routes.add(.get, "/subjects/{subject}/versions/{version}") { _, _ in }
        routes.add(.delete, "/subjects/{subject}") { _, _ in }
        routes.add(.put, "/subjects/{subject}") { _, _ in }
        routes.add(.get, "/files/{path...}") { _, _ in }
        return routes
    }

    private func match(_ method: HTTPMethod, _ path: String) throws -> HTTPRoutes.Match {
        routes().match(method, try #require(RequestTarget(path)).segments)
    }

    private func parameters(_ method: HTTPMethod, _ path: String) throws -> [String: String]? {
        if case .route(_, let parameters) = try match(method, path) { parameters } else { nil }
    }

    @Test func namesStandForSegments() throws {
        #expect(try parameters(.get, "/") == [:])
        #expect(
            try parameters(.get, "/subjects/a%2Fb/versions/3") == ["subject": "a/b", "version": "3"],
            "an escaped slash does not separate")
        #expect(try parameters(.get, "/subjects/a/versions") == nil)
        #expect(try parameters(.get, "/subjects/a/versions/3/") == nil)
    }

    @Test func nameAtTheEndStandsForTheRest() throws {
        #expect(try parameters(.get, "/files/a/b.css") == ["path": "a/b.css"])
        #expect(try parameters(.get, "/files/") == ["path": ""])
        #expect(try parameters(.get, "/files") == ["path": ""])
    }

    @Test func headGoesWhereGetDoes() throws {
        #expect(try parameters(.head, "/files/x") == ["path": "x"])
    }

    @Test func otherMethodsAreNamed() throws {
        guard case .methodNotAllowed(let methods) = try match(.get, "/subjects/x") else {
            Issue.record("the path is known")
            return
        }
        #expect(methods == [.delete, .put])
        guard case .notFound = try match(.get, "/nothing") else {
            Issue.record("the path is unknown")
            return
        }
    }
}

struct RequestTargetTests {
    @Test func pathsAreTakenApart() {
        #expect(RequestTarget("/")?.segments == [""])
        #expect(RequestTarget("/a//b%2fc/")?.segments == ["a", "", "b/c", ""])
        #expect(RequestTarget("/%E2%82%AC+x")?.segments == ["€+x"])
        #expect(RequestTarget("http://host:1/a?b=c")?.segments == ["a"])
        #expect(RequestTarget("http://host?b=c")?.parameter("b") == "c")
        #expect(RequestTarget("/a?u=http://x/y")?.segments == ["a"])
    }

    @Test func parametersKeepTheirOrder() {
        let target = RequestTarget("/a?x=1&y=&z&x=2&&w=a%26b+c#f")
        #expect(target?.query.map(\.name) == ["x", "y", "z", "x", "w"])
        #expect(target?.query.map(\.value) == ["1", "", "", "2", "a&b c"])
        #expect(target?.parameter("x") == "1")
        #expect(target?.parameter("q") == nil)
    }

    @Test(arguments: ["/%", "/%2", "/%zz", "/%ff", "/a?b=%C3", "*", "host:80"])
    func malformedTargetsAreRefused(target: String) {
        #expect(RequestTarget(target) == nil)
    }
}
