/// Reads the keys that make up a broker's listeners.
struct ListenerReader {
    private let settings: BrokerSettings
    private(set) var problems: [ConfigurationProblem] = []
    private(set) var warnings: [ConfigurationProblem] = []

    init(_ settings: BrokerSettings) { self.settings = settings }

    /// The listeners to open, without those of Kafka's controllers.
    mutating func listeners() -> [Listener] {
        let listeners = read("listeners")
        if listeners.isEmpty, problems.isEmpty {
            fail("listeners", "at least one listener of the broker is needed")
        }
        checkPorts(listeners)
        return listeners
    }

    /// The addresses to tell clients, one for each of `listeners`; nil when none are set.
    mutating func advertisedListeners(of listeners: [Listener]) -> [Listener]? {
        guard settings.value(of: "advertised.listeners") != nil else { return nil }
        let advertised = read("advertised.listeners")
        for address in advertised where address.isWildcard {
            fail("advertised.listeners", "\(address.name) needs an address that clients can connect to")
        }
        for listener in listeners where !advertised.contains(where: { $0.name == listener.name }) {
            fail("advertised.listeners", "has no address for listener \(listener.name)")
        }
        for address in advertised where !listeners.contains(where: { $0.name == address.name }) {
            fail("advertised.listeners", "\(address.name) is not in listeners")
        }
        return advertised
    }

    private mutating func read(_ key: String) -> [Listener] {
        let controllers = Set(list("controller.listener.names").map { $0.uppercased() })
        let protocols = self.protocols()
        var listeners: [Listener] = []
        for element in list(key) {
            guard let address = ListenerAddress(element) else {
                fail(key, "\(element) is not of the form NAME://host:port (an IPv6 host in brackets, ports to 65535)")
                continue
            }
            if controllers.contains(address.name) {
                noteUnused(key, "\(address.name) is a controller's and is not opened")
                continue
            }
            guard let security = protocols[address.name] else {
                fail(key, "\(address.name) has no protocol in listener.security.protocol.map")
                continue
            }
            guard security == .plaintext else {
                fail(key, "\(address.name) asks for \(security.rawValue), which is not served yet; use PLAINTEXT")
                continue
            }
            listeners.append(
                Listener(name: address.name, securityProtocol: security, host: address.host, port: address.port))
        }
        checkNames(listeners, key)
        return listeners
    }

    private mutating func protocols() -> [String: SecurityProtocol] {
        let key = "listener.security.protocol.map"
        var protocols: [String: SecurityProtocol] = [:]
        let elements = settings.value(of: key)?.text.split(separator: ",").map { String($0).trimmed } ?? []
        for element in elements where !element.isEmpty {
            let parts = element.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, let security = SecurityProtocol(rawValue: parts[1].uppercased()) else {
                fail(key, "\(element) is not NAME:PROTOCOL with PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL")
                continue
            }
            protocols[parts[0].uppercased()] = security
        }
        return protocols
    }

    private mutating func checkNames(_ listeners: [Listener], _ key: String) {
        for (index, listener) in listeners.enumerated() {
            guard let other = listeners[..<index].first(where: { $0.name == listener.name }) else { continue }
            fail(key, "\(listener.name) is there twice: \(other.host):\(other.port), \(listener.host):\(listener.port)")
        }
    }

    /// Two listeners may share a port only when one is an IPv4 and the other an IPv6 address.
    private mutating func checkPorts(_ listeners: [Listener]) {
        for (index, listener) in listeners.enumerated() where listener.port != 0 {
            for other in listeners[..<index] where other.port == listener.port {
                let isPair = listener.host.isIPv6 != other.host.isIPv6
                if listener.host.isEmpty || other.host.isEmpty || !isPair {
                    fail("listeners", "\(other.name) and \(listener.name) have the same port")
                }
            }
        }
    }

    private func list(_ key: String) -> [String] { settings.value(of: key)?.list ?? [] }

    private mutating func fail(_ key: String, _ message: String) {
        problems.append(ConfigurationProblem(key: key, origin: settings.origin(of: key), message: message))
    }

    private mutating func noteUnused(_ key: String, _ message: String) {
        warnings.append(
            ConfigurationProblem(key: key, origin: settings.origin(of: key), message: message, kind: .unused))
    }
}
