import Glibc

/// A socket that takes connections, for this shard or for others.
public final class Listener {
    enum Use {
        case connections(ConnectionOptions, (Connection) -> (any ConnectionHandler)?)
        case handoffs((ConnectionHandoff) -> Void)
    }

    /// Connections taken in one tick, so that a flood of them does not hold up those that are there.
    private static let burst = 64
    private static let pause = Interval.milliseconds(100)

    /// The address that is listened on, with the port that the kernel chose if it was 0.
    public let localAddress: SocketAddress
    public var localPort: UInt16 { localAddress.port }

    private let shard: Shard
    private let descriptor: Int32
    private let use: Use
    private let key: SlotKey
    private var isOpen = true
    private var pauseTimer: DeadlineToken?
    /// Whether the pause was reported, and no connection was taken since.
    private var isExhausted = false

    fileprivate init(shard: Shard, descriptor: Int32, address: SocketAddress, key: SlotKey, use: Use) {
        self.shard = shard
        self.descriptor = descriptor
        self.use = use
        self.key = key
        localAddress = SocketAddress.of(descriptor, getsockname) ?? address
    }

    /// Takes no more connections. What waits in the kernel's queue is reset.
    public func close() {
        guard isOpen else { return }
        isOpen = false
        if let pauseTimer { shard.cancel(pauseTimer) }
        pauseTimer = nil
        shard.poll.remove(descriptor)
        shard.slots.remove(key)
        shard.listeners.removeAll { $0 === self }
        Glibc.close(descriptor)
    }

    func ready() {
        for _ in 0..<Listener.burst where isOpen && pauseTimer == nil {
            let (accepted, peer) = Socket.accept(descriptor)
            if accepted >= 0 {
                take(accepted, peer)
                continue
            }
            switch errno {
            case EAGAIN: return
            case EINTR, ECONNABORTED, EPROTO, EPERM, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH,
                ENETUNREACH:
                // That one peer's connection has failed already.
                shard.onEvent?(.acceptFailed(localAddress, .last("accept on \(localAddress)")))
            default: pauseAccepting(.last("accept on \(localAddress)"))
            }
        }
    }

    private func take(_ accepted: Int32, _ peer: SocketAddress?) {
        if isExhausted {
            isExhausted = false
            shard.onEvent?(.acceptingResumed(localAddress))
        }
        shard.statistics.connectionsAccepted += 1
        guard let peer else {
            Glibc.close(accepted)
            return
        }
        switch use {
        case .handoffs(let hand): hand(ConnectionHandoff(descriptor: accepted, peer: peer))
        case .connections(let options, let accept):
            do throws(SystemError) {
                shard.admit(try shard.open(accepted, peer: peer, options: options), accept)
            } catch {
                Glibc.close(accepted)
                shard.onEvent?(.acceptFailed(localAddress, error))
            }
        }
    }

    /// Without a free descriptor the next connection stays in the kernel's queue, and the socket readable: waiting for it
    /// would spin.
    private func pauseAccepting(_ error: SystemError) {
        shard.poll.change(descriptor, events: 0, key: key)
        pauseTimer = shard.schedule(after: Listener.pause) { [unowned self] in resumeAccepting() }
        guard !isExhausted else { return }
        isExhausted = true
        shard.statistics.acceptPauses += 1
        shard.onEvent?(.acceptingPaused(localAddress, error))
    }

    private func resumeAccepting() {
        guard isOpen, let timer = pauseTimer else { return }
        shard.cancel(timer)
        pauseTimer = nil
        shard.poll.change(descriptor, events: EventPoll.input, key: key)
    }

    /// A connection of this shard has been closed.
    func descriptorWasFreed() { resumeAccepting() }
}

extension Shard {
    /// Listens on the address and makes a connection of whoever comes: `accept` answers with its handler, or with nil to
    /// close it.
    /// - Throws: what the kernel said, with the address.
    @discardableResult
    public func listen(
        on address: SocketAddress, options: ConnectionOptions = ConnectionOptions(), backlog: Int32 = 1_024,
        accept: @escaping (Connection) -> (any ConnectionHandler)?
    ) throws(SystemError) -> Listener {
        try listen(on: address, backlog, .connections(options, accept))
    }

    /// Listens on the address and hands whoever comes to `hand`, which may post it to another shard.
    @discardableResult
    public func listen(
        on address: SocketAddress, backlog: Int32 = 1_024, handoff hand: @escaping (ConnectionHandoff) -> Void
    ) throws(SystemError) -> Listener {
        try listen(on: address, backlog, .handoffs(hand))
    }

    private func listen(
        on address: SocketAddress, _ backlog: Int32, _ use: Listener.Use
    ) throws(SystemError) -> Listener {
        let descriptor = try Socket.listen(on: address, backlog: backlog)
        let key = slots.insert(.nothing)
        let listener = Listener(shard: self, descriptor: descriptor, address: address, key: key, use: use)
        do throws(SystemError) {
            try poll.add(descriptor, events: EventPoll.input, key: key)
        } catch {
            slots.remove(key)
            close(descriptor)
            throw error
        }
        slots.replace(key, with: .listener(listener))
        listeners.append(listener)
        return listener
    }

    /// What came of listening on all addresses of a host.
    public struct HostListeners {
        /// One for each address that could be bound, all with the same port.
        public var listeners: [Listener] = []
        /// Addresses that could not, while another could: worth a warning.
        public var failures: [SystemError] = []
    }

    /// Listens on all the addresses that a host name has, on one port; with port 0 the kernel chooses a port that all of
    /// them have free.
    /// - Throws: the first failure when no address could be bound, or the port of one is somebody else's.
    public func listen(
        onAll addresses: [SocketAddress], listen: (SocketAddress) throws(SystemError) -> Listener
    ) throws(SystemError) -> HostListeners {
        let outcome = try BoundAddresses<Listener>(
            addresses, port: \.localPort, close: { $0.close() }, bind: listen)
        return HostListeners(listeners: outcome.bound, failures: outcome.failures)
    }
}
