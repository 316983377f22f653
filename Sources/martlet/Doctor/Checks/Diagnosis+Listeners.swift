import Glibc
import Runtime

/// Where clients find a broker.
extension Diagnosis {
    /// - Parameter holders: the processes that have the log directories, whose listeners these would be.
    mutating func examine(_ listeners: [ListenerFacts], holders: [ProcessName]) {
        for listener in listeners {
            examineAddress(listener, holders)
            if let advertised = listener.advertised { examine(advertised, of: listener) }
            examineExposure(listener)
        }
    }

    private mutating func examineAddress(_ listener: ListenerFacts, _ holders: [ProcessName]) {
        let place = "\(listener.name) \(listener.address)"
        let option = listener.key == "listeners" ? "--listen HOST:PORT" : "--set \(listener.key)=HOST:PORT"
        switch listener.outcome {
        case .free:
            observe("listener", "\(place): free")
        case .taken(let holder):
            observe("listener", "\(place): taken")
            if let holder, holders.contains(holder) { return }
            find(
                .error, "listener.taken", "\(holder?.description ?? "another process") listens on \(listener.address)",
                why: "The broker does not start.",
                fix: holder.map { "stop it (kill \($0.id)), or choose another address: \(option)" }
                    ?? "see who it is with sudo ss -ltnp 'sport = :\(listener.address.port)', or choose \(option)")
        case .unresolved(let reason):
            observe("listener", "\(place): no address")
            find(
                .error, "listener.name", "\(listener.address.host) has no address here: \(reason)",
                why: "The broker does not start.", fix: "name one of this machine's: \(option)")
        case .failed(let error) where error.code == EADDRNOTAVAIL:
            observe("listener", "\(place): not here")
            find(
                .error, "listener.elsewhere", "\(listener.address.host) is no address of this machine",
                why: "The broker does not start: it can listen on its own addresses only (ip -brief address).",
                fix: listener.key == "listeners"
                    ? "--listen 0.0.0.0:\(listener.address.port) --advertise \(listener.address)" : option)
        case .failed(let error) where error.code == EACCES:
            observe("listener", "\(place): not allowed")
            find(
                .error, "listener.forbidden", "this user may not listen on port \(listener.address.port)",
                why: "Ports below 1024 are root's.", fix: "choose another port: \(option)")
        case .failed(let error):
            observe("listener", "\(place): \(error)")
            find(
                .error, "listener.failed", "nobody can listen on \(listener.address): \(error)",
                why: "The broker does not start.", fix: "choose another address: \(option)")
        }
    }

    private mutating func examine(_ advertised: ListenerFacts.Advertised, of listener: ListenerFacts) {
        let fix =
            "--advertise NAME:\(listener.address.port), with a name or address by which clients reach this machine"
        if advertised.addresses.isEmpty {
            guard listener.advertised?.address.host != listener.address.host else { return }
            find(
                .warning, "advertised.name", "clients are told \(advertised.address), a name without address here",
                why: "Clients whose name service knows no more than this machine's find no broker behind it.", fix: fix)
        } else if !listener.isLoopback, advertised.addresses.allSatisfy(\.isLoopback) {
            find(
                advertised.isNamed ? .error : .warning, "advertised.loopback",
                "clients are told \(advertised.address), which is each machine's own",
                why: "Clients on other machines reach this one, are sent on to themselves, and find nobody.", fix: fix)
        } else if listener.isWildcard, !advertised.isNamed {
            find(
                .note, "advertised.hostname", "clients are told this machine's name, \(advertised.address.host)",
                why: "All of them have to be able to resolve it.", fix: fix)
        }
    }

    private mutating func examineExposure(_ listener: ListenerFacts) {
        guard !listener.addresses.isEmpty, !listener.isLoopback else { return }
        find(
            .note, "listener.open", "whoever reaches \(listener.address) may do everything",
            why: listener.advertised == nil
                ? "Metrics name topics, and are not protected." : "There is no authentication yet.",
            fix: "let a firewall, or a private network, see to who reaches it; for this machine alone localhost")
    }
}
