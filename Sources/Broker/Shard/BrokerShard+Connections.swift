import Configuration
import Logging
import Runtime

/// From an accepted connection to the end of its session. The first shard accepts for all, and counts.
extension BrokerShard {
    /// Connections that wait to be closed; others are closed at once.
    private static let maximumDelayed = 1_000

    /// Why there is no room for a connection from there; where there is, it is counted.
    private func refuse(_ peer: SocketAddress) -> ConnectionLimits.Refusal? {
        guard let refusal = limits.opened(peer, now: loop.now) else { return nil }
        log.debug("connection refused", metadata: ["peer": "\(peer)", "limit": "\(refusal.limit)"])
        return refusal
    }

    /// Runs `close` when the delay of a refused connection is over.
    private func delay(_ refusal: ConnectionLimits.Refusal, _ close: @escaping () -> Void) {
        guard case .quota(let delay) = refusal, delayedConnections < BrokerShard.maximumDelayed else { return close() }
        delayedConnections += 1
        loop.schedule(after: delay) { [weak self] in
            self?.delayedConnections -= 1
            close()
        }
    }

    /// Takes a connection on the only shard, if there is room for it.
    func acceptHere(_ connection: Connection, _ listener: ListenerInfo) -> (any ConnectionHandler)? {
        guard let refusal = refuse(connection.peer) else { return accept(connection, listener) }
        guard case .quota = refusal else { return nil }
        let handler = RefusedConnection()
        handler.connection = connection
        delay(refusal) { [weak handler] in handler?.close() }
        return handler
    }

    /// Gives a connection to the shard whose turn it is.
    func handOver(_ handoff: ConnectionHandoff, _ listener: ListenerInfo) {
        // A handoff that nobody adopts is closed with the last reference.
        if let refusal = refuse(handoff.peer) { return delay(refusal) { withExtendedLifetime(handoff) {} } }
        lastAssigned = (lastAssigned + 1) % peers.count
        peers[lastAssigned].post(.connection(handoff, listener))
    }

    func adopt(_ handoff: ConnectionHandoff, _ listener: ListenerInfo) {
        do {
            try loop.adopt(handoff, options: connectionOptions) { accept($0, listener) }
        } catch {
            connectionEnded(handoff.peer)
            log.warning("a connection was lost", metadata: ["peer": "\(handoff.peer)", "error": "\(error)"])
        }
    }

    func accept(_ connection: Connection, _ listener: ListenerInfo) -> any ConnectionHandler {
        log.debug("connection opened", metadata: ["peer": "\(connection.peer)", "listener": "\(listener.name)"])
        return sessions.open { number in
            ClientSession(shard: self, connection: connection, listener: listener, number: number)
        }
    }

    func sessionClosed(_ session: ClientSession) {
        sessions.remove(session.number)
        log.debug(
            "connection closed",
            metadata: ["peer": "\(session.connection.peer)", "listener": "\(session.listener.name)"])
        connectionEnded(session.connection.peer)
    }

    /// Tells the shard that accepts that there is room for one more.
    private func connectionEnded(_ peer: SocketAddress) {
        if index == 0 {
            limits.closed(peer)
        } else {
            peers[0].post(.call { $0.limits.closed(peer) })
        }
    }

    /// The limits that the configuration gives to a connection.
    var connectionOptions: ConnectionOptions {
        var options = ConnectionOptions()
        let network = context.configuration.network
        options.maximumFrameSize = network.maximumRequestBytes
        options.idleTimeout = network.maximumIdle.map { .milliseconds($0) }
        options.firstFrameTimeout = network.firstRequestTimeout.map { .milliseconds($0) }
        options.frameProgressTimeout = network.requestProgressTimeout.map { .milliseconds($0) }
        return options
    }
}
