import Configuration
import Logging
import Runtime

/// From an accepted connection to the end of its session. The first shard accepts for all, and counts.
extension BrokerShard {
    /// Whether there is room for a connection from there; if so, it is counted.
    func admit(_ peer: SocketAddress) -> Bool {
        guard let refusal = limits.opened(peer, now: loop.now) else { return true }
        log.debug("connection refused", metadata: ["peer": "\(peer)", "limit": "\(refusal)"])
        return false
    }

    /// Gives a connection to the shard whose turn it is.
    func handOver(_ handoff: ConnectionHandoff, _ listener: ListenerInfo) {
        guard admit(handoff.peer) else { return }
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
        sessions.open { number in
            ClientSession(shard: self, connection: connection, listener: listener, number: number)
        }
    }

    func sessionClosed(_ session: ClientSession) {
        sessions.remove(session.number)
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
