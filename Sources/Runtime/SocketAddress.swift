import CSystem
import Glibc

/// An IPv4 or IPv6 address with a port.
public struct SocketAddress: Hashable, Sendable {
    enum Host: Hashable, Sendable {
        /// In host byte order.
        case v4(UInt32)
        case v6(high: UInt64, low: UInt64, scope: UInt32)
    }

    let host: Host
    public var port: UInt16

    init(host: Host, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Reads a numeric address: `127.0.0.1` or `::1`, without brackets.
    public init?(_ text: String, port: UInt16) {
        var v4 = in_addr()
        var v6 = in6_addr()
        if inet_pton(AF_INET, text, &v4) == 1 {
            self.init(host: .v4(UInt32(bigEndian: v4.s_addr)), port: port)
        } else if inet_pton(AF_INET6, text, &v6) == 1 {
            self.init(host: SocketAddress.host(v6, scope: 0), port: port)
        } else {
            return nil
        }
    }

    public static func loopback(port: UInt16) -> SocketAddress { SocketAddress(host: .v4(0x7F00_0001), port: port) }

    public var isIPv6: Bool {
        if case .v6 = host { true } else { false }
    }

    public var isLoopback: Bool {
        switch host {
        case .v4(let address): address >> 24 == 127
        case .v6(let high, let low, _): high == 0 && low == 1
        }
    }

    /// Stands for every address of the machine: `0.0.0.0` or `::`.
    public var isUnspecified: Bool {
        switch host {
        case .v4(let address): address == 0
        case .v6(let high, let low, _): high == 0 && low == 0
        }
    }

    /// The numeric address without the port.
    public var hostText: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { room in
            var text: UnsafePointer<CChar>?
            switch host {
            case .v4(let address):
                var raw = in_addr(s_addr: address.bigEndian)
                text = inet_ntop(AF_INET, &raw, room.baseAddress, socklen_t(room.count))
            case .v6(let high, let low, _):
                var raw = SocketAddress.address(high: high, low: low)
                text = inet_ntop(AF_INET6, &raw, room.baseAddress, socklen_t(room.count))
            }
            return text.map { String(cString: $0) } ?? "?"
        }
    }
}

extension SocketAddress: CustomStringConvertible {
    public var description: String { isIPv6 ? "[\(hostText)]:\(port)" : "\(hostText):\(port)" }
}

extension SocketAddress {
    private static func host(_ address: in6_addr, scope: UInt32) -> Host {
        withUnsafeBytes(of: address) { bytes in
            .v6(
                high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)), scope: scope)
        }
    }

    private static func address(high: UInt64, low: UInt64) -> in6_addr {
        var address = in6_addr()
        withUnsafeMutableBytes(of: &address) { bytes in
            bytes.storeBytes(of: high.bigEndian, as: UInt64.self)
            bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        return address
    }

    var family: Int32 { isIPv6 ? AF_INET6 : AF_INET }

    func withSystemAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        switch host {
        case .v4(let address):
            var system = sockaddr_in()
            system.sin_family = sa_family_t(AF_INET)
            system.sin_port = port.bigEndian
            system.sin_addr.s_addr = address.bigEndian
            return withUnsafeBytes(of: &system) { body($0.assumedSystemAddress, socklen_t($0.count)) }
        case .v6(let high, let low, let scope):
            var system = sockaddr_in6()
            system.sin6_family = sa_family_t(AF_INET6)
            system.sin6_port = port.bigEndian
            system.sin6_addr = SocketAddress.address(high: high, low: low)
            system.sin6_scope_id = scope
            return withUnsafeBytes(of: &system) { body($0.assumedSystemAddress, socklen_t($0.count)) }
        }
    }

    /// What the kernel wrote; nil if it is of another family.
    init?(_ storage: sockaddr_storage) {
        let address = withUnsafeBytes(of: storage) { bytes -> SocketAddress? in
            switch Int32(storage.ss_family) {
            case AF_INET:
                let system = bytes.loadUnaligned(as: sockaddr_in.self)
                return SocketAddress(
                    host: .v4(UInt32(bigEndian: system.sin_addr.s_addr)), port: UInt16(bigEndian: system.sin_port))
            case AF_INET6:
                let system = bytes.loadUnaligned(as: sockaddr_in6.self)
                return SocketAddress(
                    host: SocketAddress.host(system.sin6_addr, scope: system.sin6_scope_id),
                    port: UInt16(bigEndian: system.sin6_port))
            default:
                return nil
            }
        }
        guard let address else { return nil }
        self = address
    }

    /// Asks the kernel with `getsockname` or `getpeername`.
    static func of(
        _ descriptor: Int32,
        _ question: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutableBytes(of: &storage) { question(descriptor, $0.assumedSystemAddress, &length) }
        return result == 0 ? SocketAddress(storage) : nil
    }
}

extension UnsafeRawBufferPointer {
    /// The start of a socket address structure, as the calls want it.
    var assumedSystemAddress: UnsafePointer<sockaddr> {
        baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: sockaddr.self)
    }
}

extension UnsafeMutableRawBufferPointer {
    var assumedSystemAddress: UnsafeMutablePointer<sockaddr> {
        baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: sockaddr.self)
    }
}
