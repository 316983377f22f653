import Glibc

/// What came of binding all addresses of a host.
struct BoundAddresses<Bound> {
    /// One for each address that could be bound, all with the same port.
    var bound: [Bound] = []
    /// Addresses that could not, while another could, as those of a family that the machine does not have.
    var failures: [SystemError] = []

    /// Binds all the addresses on one port; with port 0 the kernel chooses a port that all of them have free. An address
    /// whose port somebody else has fails all of them: a client would reach one or the other, as its address has it.
    /// - Throws: that failure, or the first when no address could be bound.
    init(
        _ addresses: [SocketAddress], port portOf: (Bound) -> UInt16, close: (Bound) -> Void,
        bind: (SocketAddress) throws(SystemError) -> Bound
    ) throws(SystemError) {
        var attempts = 0
        while true {
            attempts += 1
            bound = []
            failures = []
            var port: UInt16?
            for address in addresses {
                var address = address
                if address.port == 0, let port { address.port = port }
                do throws(SystemError) {
                    let one = try bind(address)
                    port = portOf(one)
                    bound.append(one)
                } catch {
                    failures.append(error)
                }
            }
            if let taken = failures.first(where: \.isAddressInUse) {
                for one in bound { close(one) }
                if addresses.allSatisfy({ $0.port == 0 }), attempts < 16 { continue }
                throw taken
            }
            if bound.isEmpty { throw failures.first ?? SystemError("listen on no address", code: EINVAL) }
            return
        }
    }
}

/// A socket that listens, for a library that takes the connections itself.
public struct ListeningSocket: Sendable {
    /// Belongs to whoever uses it last; non-blocking.
    public let descriptor: Int32
    /// With the port that the kernel chose if it was 0.
    public let localAddress: SocketAddress

    /// Listens on all addresses that a host name has, on one port.
    /// - Returns: the sockets, and addresses that could not be bound while another could: worth a warning.
    /// - Throws: the first failure when no address could be bound, or the port of one is somebody else's.
    public static func listen(
        onAll addresses: [SocketAddress], backlog: Int32 = 1_024
    ) throws(SystemError) -> (sockets: [ListeningSocket], failures: [SystemError]) {
        let outcome = try BoundAddresses<ListeningSocket>(
            addresses, port: \.localAddress.port, close: { $0.close() },
            bind: { (address) throws(SystemError) in
                let descriptor = try Socket.listen(on: address, backlog: backlog)
                return ListeningSocket(
                    descriptor: descriptor, localAddress: SocketAddress.of(descriptor, getsockname) ?? address)
            })
        return (outcome.bound, outcome.failures)
    }

    public func close() { Glibc.close(descriptor) }
}
