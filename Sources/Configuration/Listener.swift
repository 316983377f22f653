/// An address with the name that clients' answers are chosen by.
public struct Listener: Sendable, Equatable {
    /// In upper case.
    public let name: String
    public let securityProtocol: SecurityProtocol
    /// Without brackets; empty: all addresses of this machine.
    public let host: String
    /// 0: a free one.
    public let port: UInt16

    public init(name: String, securityProtocol: SecurityProtocol, host: String, port: UInt16) {
        self.name = name
        self.securityProtocol = securityProtocol
        self.host = host
        self.port = port
    }

    /// True if the host stands for every address of this machine, so that it cannot be told to clients.
    public var isWildcard: Bool { host.isEmpty || host == "0.0.0.0" || host == "::" }
}

/// How a listener's connections are secured. The raw values are Kafka's names.
public enum SecurityProtocol: String, Sendable {
    case plaintext = "PLAINTEXT"
    case tls = "SSL"
    case saslPlaintext = "SASL_PLAINTEXT"
    case saslTLS = "SASL_SSL"
}

/// One element of `listeners` or `advertised.listeners`, before its protocol is known.
struct ListenerAddress: Equatable {
    let name: String
    let host: String
    let port: UInt16

    /// Reads `NAME://host:port`, `NAME://[v6]:port` or `NAME://:port`.
    init?(_ text: String) {
        guard let mark = text.firstIndex(of: ":"), mark > text.startIndex, text[mark...].hasPrefix("://") else {
            return nil
        }
        let address = text[mark...].dropFirst(3)
        guard let colon = address.lastIndex(of: ":"), let port = UInt16(address[colon...].dropFirst()) else {
            return nil
        }
        guard let host = ListenerAddress.host(address[..<colon]) else { return nil }
        name = text[..<mark].uppercased()
        self.host = host
        self.port = port
    }

    /// The host without brackets; an address of version 6 needs them, and nothing else may have them.
    private static func host(_ text: Substring) -> String? {
        var host = text
        if text.hasPrefix("["), text.hasSuffix("]") {
            host = text.dropFirst().dropLast()
            guard host.isIPv6 else { return nil }
        } else if text.isIPv6 {
            return nil
        }
        let isPlain = host.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: ":"), UInt8(ascii: "%"):
                true
            default: false
            }
        }
        return isPlain ? String(host) : nil
    }
}

extension StringProtocol {
    /// True if this host can only be an IPv6 address.
    var isIPv6: Bool { utf8.contains(UInt8(ascii: ":")) }
}
