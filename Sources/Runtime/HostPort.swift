import CSystem
import Glibc

/// A host by name or numeric address, with a port: `broker-1:9092`, `10.0.0.1:9092`, `[::1]:9092`, `:9092`.
public struct HostPort: Hashable, Sendable {
    /// Without brackets. Empty stands for every address of the machine.
    public var host: String
    public var port: UInt16

    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Reads `HOST:PORT`; an IPv6 address stands in brackets.
    public init?(_ text: String) {
        guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else { return nil }
        let digits = text[text.index(after: colon)...]
        guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let port = UInt16(digits)
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard SocketAddress(String(host), port: port)?.isIPv6 == true else { return nil }
        } else if host.contains(":") || host.contains("[") || host.contains("]") {
            return nil
        }
        self.init(host: String(host), port: port)
    }
}

extension HostPort: CustomStringConvertible {
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// A name for which no address was found.
public struct ResolutionError: Error, Sendable, CustomStringConvertible {
    public let name: String
    /// The resolver's words.
    public let reason: String

    public var description: String { "no address for \(name): \(reason)" }
}

extension HostPort {
    /// All addresses of the host, each once, in the resolver's order. An empty host has the unspecified addresses.
    ///
    /// Blocks as long as the name service takes: on a shard use a `BlockingPool`.
    public func resolve() throws(ResolutionError) -> [SocketAddress] {
        if let numeric = SocketAddress(host, port: port) { return [numeric] }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host.isEmpty ? nil : host, String(port), &hints, &found)
        defer { if let found { freeaddrinfo(found) } }
        guard code == 0 else { throw ResolutionError(name: host, reason: String(cString: gai_strerror(code))) }
        var addresses: [SocketAddress] = []
        var next = found
        while let entry = next {
            if let address = SocketAddress(entry: entry.pointee), !addresses.contains(address) {
                addresses.append(address)
            }
            next = entry.pointee.ai_next
        }
        guard !addresses.isEmpty else { throw ResolutionError(name: host, reason: "no IPv4 or IPv6 address") }
        return addresses
    }
}

extension SocketAddress {
    fileprivate init?(entry: addrinfo) {
        guard let address = entry.ai_addr else { return nil }
        var storage = sockaddr_storage()
        let count = min(Int(entry.ai_addrlen), MemoryLayout<sockaddr_storage>.size)
        withUnsafeMutableBytes(of: &storage) { room in
            room.copyMemory(from: UnsafeRawBufferPointer(start: address, count: count))
        }
        self.init(storage)
    }
}
