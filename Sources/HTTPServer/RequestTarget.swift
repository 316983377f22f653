/// What a request is for: the path in decoded segments, and the query's parameters in their order.
public struct RequestTarget: Sendable, Equatable {
    /// `/a//b%2Fc/` is `["a", "", "b/c", ""]`; `/` is `[""]`.
    public let segments: [String]
    public let query: [QueryParameter]

    public struct QueryParameter: Sendable, Equatable {
        public let name: String
        public let value: String
    }

    /// Reads the target of a request line, `/path?query` or with `http://host` before it. Nil where an escape is broken or
    /// what it stands for is no UTF-8.
    public init?(_ text: String) {
        var rest = Substring(text)
        if let scheme = rest.firstRange(of: "://"), !rest.hasPrefix("/") {
            rest = rest[scheme.upperBound...].drop { $0 != "/" && $0 != "?" }
        }
        if let fragment = rest.firstIndex(of: "#") { rest = rest[..<fragment] }
        let mark = rest.firstIndex(of: "?") ?? rest.endIndex
        let path = rest[..<mark]
        guard path.hasPrefix("/") || path.isEmpty else { return nil }
        var segments: [String] = []
        for part in path.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            guard let segment = RequestTarget.decoded(part, plusIsSpace: false) else { return nil }
            segments.append(segment)
        }
        guard let query = RequestTarget.parameters(rest[mark...].dropFirst()) else { return nil }
        self.segments = segments
        self.query = query
    }

    /// The value of the first parameter of that name; empty for one without a value.
    public func parameter(_ name: String) -> String? { query.first { $0.name == name }?.value }

    private static func parameters(_ text: Substring) -> [QueryParameter]? {
        var parameters: [QueryParameter] = []
        for part in text.split(separator: "&") {
            let equals = part.firstIndex(of: "=") ?? part.endIndex
            guard let name = decoded(part[..<equals], plusIsSpace: true),
                let value = decoded(part[equals...].dropFirst(), plusIsSpace: true)
            else { return nil }
            parameters.append(QueryParameter(name: name, value: value))
        }
        return parameters
    }

    private static func decoded(_ text: Substring, plusIsSpace: Bool) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
                    return nil
                }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
