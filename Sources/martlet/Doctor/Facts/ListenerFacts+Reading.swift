import Configuration
import Glibc
import Runtime

extension ListenerFacts {
    /// Looks at every address that a broker would listen on, for Kafka's clients and for HTTP.
    static func read(_ configuration: BrokerConfiguration) -> [ListenerFacts] {
        var all: [ListenerFacts] = []
        for (index, listener) in configuration.listeners.enumerated() {
            var facts = ListenerFacts(
                name: listener.name, key: "listeners", address: HostPort(host: listener.host, port: listener.port))
            facts.probe()
            let named = configuration.advertisedListeners.map { $0[index] }
            let host = named?.host ?? (listener.isWildcard ? ProcessSetup.hostName : listener.host)
            let told = HostPort(host: host, port: named?.port ?? listener.port)
            facts.advertised = Advertised(
                address: told, addresses: (try? told.resolve()) ?? [], isNamed: named != nil)
            all.append(facts)
        }
        for listener in configuration.observability.httpListeners {
            var facts = ListenerFacts(
                name: "HTTP", key: "martlet.http.listeners", address: HostPort(host: listener.host, port: listener.port)
            )
            facts.probe()
            all.append(facts)
        }
        return all
    }

    /// Listens for a moment.
    private mutating func probe() {
        do throws(ResolutionError) {
            addresses = try address.resolve()
        } catch {
            outcome = .unresolved(error.reason)
            return
        }
        do throws(SystemError) {
            let sockets = try ListeningSocket.listen(onAll: addresses, backlog: 1).sockets
            for socket in sockets { socket.close() }
        } catch {
            outcome = error.code == EADDRINUSE ? .taken(.listening(onPort: address.port)) : .failed(error)
        }
    }
}
