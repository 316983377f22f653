import Configuration
import Logging
import Metadata
import Runtime

extension BrokerShard {
    /// Opens all listeners, on this shard, and registers the broker with the addresses that clients are told. New
    /// connections go to the shards in turn.
    func openListeners() throws(StartupError) -> [BoundListener] {
        var bound: [BoundListener] = []
        var endpoints: [BrokerEndpoint] = []
        for (position, listener) in context.configuration.listeners.enumerated() {
            let port = try open(listener)
            bound.append(BoundListener(name: listener.name, host: listener.host, port: port))
            endpoints.append(advertised(position, listener, port: port))
        }
        try register(endpoints)
        return bound
    }

    private func open(_ listener: Configuration.Listener) throws(StartupError) -> UInt16 {
        let host = HostPort(host: listener.host, port: listener.port)
        let addresses: [SocketAddress]
        do {
            addresses = try host.resolve()
        } catch {
            throw StartupError(.environment, "cannot listen on \(host): \(error)")
        }
        let info = ListenerInfo(name: listener.name)
        let network = context.configuration.network
        do {
            let outcome = try loop.listen(onAll: addresses) { (address) throws(SystemError) in
                if context.shardCount == 1 {
                    return try loop.listen(
                        on: address, options: connectionOptions, backlog: Int32(clamping: network.listenBacklog)
                    ) { [unowned self] in acceptHere($0, info) }
                }
                return try loop.listen(on: address, backlog: Int32(clamping: network.listenBacklog)) {
                    [unowned self] in handOver($0, info)
                }
            }
            for failure in outcome.failures {
                log.warning(
                    "an address of the listener cannot be used",
                    metadata: ["listener": "\(host)", "error": "\(failure)"])
            }
            return outcome.listeners.first?.localPort ?? listener.port
        } catch {
            let advice = error.isAddressInUse ? " (choose another with --listen, and --data for a second broker)" : ""
            throw StartupError(.environment, "cannot listen on \(host): \(error)\(advice)")
        }
    }

    // MARK: Registration

    private func advertised(_ position: Int, _ listener: Configuration.Listener, port: UInt16) -> BrokerEndpoint {
        let told = context.configuration.advertisedListeners.map { $0[position] }
        var host = told?.host ?? listener.host
        if told == nil, listener.isWildcard {
            host = ProcessSetup.hostName
            log.warning(
                "clients are told this machine's name: say what they reach it by with --advertise",
                metadata: ["listener": "\(listener.name)", "host": "\(host)"])
        }
        let toldPort = told?.port ?? 0
        return BrokerEndpoint(
            listener: listener.name, host: host, port: toldPort == 0 ? port : toldPort, securityProtocol: 0)
    }

    /// Blocks until the registration is stored and on its way to every shard, so that no client is answered without it.
    private func register(_ endpoints: [BrokerEndpoint]) throws(StartupError) {
        guard let outcome = try? Rendezvous<Bool>() else { throw StartupError(.environment, "out of descriptors") }
        control?.post(.register(endpoints) { outcome.put($0) })
        guard outcome.wait() else { throw StartupError(.environment, "the broker could not be registered") }
    }
}
