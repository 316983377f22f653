/// Which handler answers which request.
public struct HTTPRoutes: Sendable {
    /// Answers a request, at once or later from any thread. Runs on the server's thread, so it must not wait for anything.
    public typealias Handler = @Sendable (HTTPRequest, HTTPResponder) -> Void

    private var routes: [HTTPRoute] = []

    public init() {}

    /// Adds a route; of two that match a path the one added first counts.
    ///
    /// - Parameters:
    ///   - pattern: a path such as `/subjects/{subject}/versions`: a name in braces stands for any one segment; `{name...}`
    ///     at the end for all that follow, with the slashes between them.
    ///   - maximumBodyBytes: a larger body is answered 413.
    public mutating func add(
        _ method: HTTPMethod, _ pattern: String, maximumBodyBytes: Int = 1 << 20, _ handler: @escaping Handler
    ) {
        routes.append(
            HTTPRoute(
                method: method, pattern: PathPattern(pattern), maximumBodyBytes: maximumBodyBytes, handler: handler))
    }

    enum Match {
        case route(HTTPRoute, parameters: [String: String])
        case notFound
        /// The path is known, with these methods.
        case methodNotAllowed([HTTPMethod])
    }

    /// HEAD goes to the routes of GET where it has none of its own.
    func match(_ method: HTTPMethod, _ segments: [String]) -> Match {
        var others: [HTTPMethod] = []
        var headRoute: Match?
        for route in routes {
            guard let parameters = route.pattern.match(segments) else { continue }
            if route.method == method { return .route(route, parameters: parameters) }
            if method == .head, route.method == .get, headRoute == nil {
                headRoute = .route(route, parameters: parameters)
            }
            if !others.contains(route.method) { others.append(route.method) }
        }
        if let headRoute { return headRoute }
        return others.isEmpty ? .notFound : .methodNotAllowed(others)
    }
}

struct HTTPRoute: Sendable {
    let method: HTTPMethod
    let pattern: PathPattern
    let maximumBodyBytes: Int
    let handler: HTTPRoutes.Handler
}

/// A path with names in some places.
struct PathPattern: Sendable {
    private enum Part {
        case literal(String)
        case one(String)
        case rest(String)
    }

    private let parts: [Part]

    init(_ text: String) {
        precondition(text.hasPrefix("/"), "a route's path begins with a slash")
        var parts: [Part] = []
        for segment in text.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            precondition(
                parts.last.map { if case .rest = $0 { false } else { true } } ?? true,
                "nothing follows what stands for the rest of a path")
            if segment.hasPrefix("{"), segment.hasSuffix("...}") {
                parts.append(.rest(String(segment.dropFirst().dropLast(4))))
            } else if segment.hasPrefix("{"), segment.hasSuffix("}") {
                parts.append(.one(String(segment.dropFirst().dropLast())))
            } else {
                parts.append(.literal(String(segment)))
            }
        }
        self.parts = parts
    }

    /// What the names stand for in this path; nil for another path.
    func match(_ segments: [String]) -> [String: String]? {
        var parameters: [String: String] = [:]
        for (index, part) in parts.enumerated() {
            if case .rest(let name) = part {
                parameters[name] = segments[min(index, segments.count)...].joined(separator: "/")
                return parameters
            }
            guard index < segments.count else { return nil }
            switch part {
            case .literal(let text): guard text == segments[index] else { return nil }
            case .one(let name), .rest(let name): parameters[name] = segments[index]
            }
        }
        return parts.count == segments.count ? parameters : nil
    }
}
