import Runtime

/// Where a broker listens.
public struct BrokerEndpoint: Hashable, Sendable, CustomStringConvertible {
    public static let defaultPort: UInt16 = 9092

    /// A name or an address; an IPv6 address has no brackets here.
    public let host: String
    public let port: UInt16

    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Reads `HOST:PORT`, `HOST`, `[V6]:PORT` or a bare IPv6 address; without a port it is 9092. Nil when it is none
    /// of them.
    public init?(_ text: String) {
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]") else { return nil }
            let host = String(text[text.index(after: text.startIndex)..<close])
            self.init(host: host, portText: text[text.index(after: close)...])
        } else if text.filter({ $0 == ":" }).count > 1 {
            guard SocketAddress(text, port: 0)?.isIPv6 == true else { return nil }
            self.init(host: text, portText: "")
        } else {
            let host = text.prefix { $0 != ":" }
            self.init(host: String(host), portText: text.dropFirst(host.count))
        }
    }

    private init?(host: String, portText: Substring) {
        guard !host.isEmpty, !host.contains(where: { $0.isWhitespace || $0 == "," || $0 == "/" }) else { return nil }
        if portText.isEmpty {
            self.init(host: host, port: BrokerEndpoint.defaultPort)
        } else {
            guard portText.first == ":", let port = UInt16(portText.dropFirst()), port > 0 else { return nil }
            self.init(host: host, port: port)
        }
    }

    /// Reads a list with commas between; nil when it is empty or one of them is no endpoint.
    public static func list(_ text: String) -> [BrokerEndpoint]? {
        var endpoints: [BrokerEndpoint] = []
        for part in text.split(separator: ",") {
            guard let endpoint = BrokerEndpoint(String(part.drop { $0 == " " })) else { return nil }
            if !endpoints.contains(endpoint) { endpoints.append(endpoint) }
        }
        return endpoints.isEmpty ? nil : endpoints
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
