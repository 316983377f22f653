import Glibc
import Synchronization

/// A connection that was accepted and belongs to no shard yet. If nobody adopts it, it is closed with the last reference.
public final class ConnectionHandoff: Sendable {
    public let peer: SocketAddress
    private let descriptor: Mutex<Int32?>

    init(descriptor: Int32, peer: SocketAddress) {
        self.descriptor = Mutex(descriptor)
        self.peer = peer
    }

    deinit {
        if let descriptor = take() { close(descriptor) }
    }

    fileprivate func take() -> Int32? {
        descriptor.withLock { (descriptor) -> Int32? in
            defer { descriptor = nil }
            return descriptor
        }
    }
}

extension Shard {
    /// Takes over a connection that another shard accepted; `accept` answers with its handler, or with nil to close it.
    /// One that was adopted before is left alone.
    public func adopt(
        _ handoff: ConnectionHandoff, options: ConnectionOptions = ConnectionOptions(),
        accept: (Connection) -> (any ConnectionHandler)?
    ) throws(SystemError) {
        guard let descriptor = handoff.take() else { return }
        do throws(SystemError) {
            admit(try open(descriptor, peer: handoff.peer, options: options), accept)
        } catch {
            close(descriptor)
            throw error
        }
    }
}
