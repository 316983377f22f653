import CSystem
import Glibc

/// The calls that make sockets. All are non-blocking and closed on exec.
enum Socket {
    private static let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    private static let acceptFlags = Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)

    static func open(_ address: SocketAddress, for purpose: String) throws(SystemError) -> Int32 {
        let descriptor = socket(address.family, kind, 0)
        guard descriptor >= 0 else { throw .last("\(purpose) \(address)") }
        return descriptor
    }

    static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    /// A socket that listens on the address.
    static func listen(on address: SocketAddress, backlog: Int32) throws(SystemError) -> Int32 {
        let descriptor = try open(address, for: "listen on")
        set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
        // Each family has its own listener, so that what binds, and what a peer is called, does not depend on the system.
        if address.isIPv6 { set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
        guard address.withSystemAddress({ bind(descriptor, $0, $1) }) == 0, Glibc.listen(descriptor, backlog) == 0
        else {
            let error = SystemError.last("listen on \(address)")
            close(descriptor)
            throw error
        }
        return descriptor
    }

    /// Begins to connect.
    static func connect(to address: SocketAddress) throws(SystemError) -> Int32 {
        let descriptor = try open(address, for: "connect to")
        guard address.withSystemAddress({ Glibc.connect(descriptor, $0, $1) }) == 0 || errno == EINPROGRESS else {
            let error = SystemError.last("connect to \(address)")
            close(descriptor)
            throw error
        }
        return descriptor
    }

    /// The next connection that waits on a listening socket; a negative number with `errno` if there is none.
    static func accept(_ listener: Int32) -> (descriptor: Int32, peer: SocketAddress?) {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let descriptor = withUnsafeMutableBytes(of: &storage) {
            martlet_accept4(listener, $0.assumedSystemAddress, &length, acceptFlags)
        }
        return (descriptor, descriptor >= 0 ? SocketAddress(storage) : nil)
    }

    /// The error that waits on the socket, 0 if none does.
    static func pendingError(_ descriptor: Int32) -> Int32 {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
        return code
    }
}
