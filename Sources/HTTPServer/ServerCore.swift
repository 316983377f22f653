import CMicrohttpd
import Logging
import Runtime
import Synchronization

/// What the threads of a server share with those that start and stop it.
final class ServerCore: Sendable {
    let routes: HTTPRoutes
    let limits: HTTPLimits
    let log: Logger

    private struct State {
        var isStopping = false
        var connections = ConnectionTable()
        /// Requests that their handlers have, or whose answers are being sent.
        var exchanges: [ObjectIdentifier: Exchange] = [:]
        var statistics = HTTPStatistics()
        /// Told when the last exchange has ended.
        var idle: Rendezvous<Void>?
    }

    private let state = Mutex(State())

    init(routes: HTTPRoutes, limits: HTTPLimits, log: Logger) {
        self.routes = routes
        self.limits = limits
        self.log = log
    }

    var isStopping: Bool { state.withLock { $0.isStopping } }

    var statistics: HTTPStatistics {
        state.withLock { state in
            var statistics = state.statistics
            statistics.openConnections = state.connections.count
            return statistics
        }
    }

    // MARK: Connections

    /// Whether one more connection may come. When there are too many, one that has no request goes.
    func admits() -> Bool {
        let (isAdmitted, victim) = state.withLock { (state) -> (Bool, Int32?) in
            guard state.connections.count >= limits.connections else { return (true, nil) }
            guard let victim = state.connections.takeIdlest() else {
                state.statistics.refusedConnections += 1
                return (false, nil)
            }
            return (true, victim)
        }
        if let victim { martlet_http_shut(victim) }
        return isAdmitted
    }

    func opened(_ connection: LibraryConnection, descriptor: Int32) {
        state.withLock { $0.connections.open(connection, descriptor: descriptor) }
    }

    func closed(_ connection: LibraryConnection) { state.withLock { $0.connections.close(connection) } }

    func isAtWork(_ connection: LibraryConnection, _ isAtWork: Bool) {
        state.withLock { $0.connections.mark(connection, isAtWork: isAtWork) }
    }

    // MARK: Exchanges

    /// Notes a request that goes to its handler; false when the server stops.
    func began(_ exchange: Exchange) -> Bool {
        state.withLock { state in
            guard !state.isStopping else { return false }
            state.statistics.requests += 1
            state.exchanges[ObjectIdentifier(exchange)] = exchange
            return true
        }
    }

    func ended(_ exchange: Exchange) {
        let idle = state.withLock { (state) -> Rendezvous<Void>? in
            state.exchanges.removeValue(forKey: ObjectIdentifier(exchange))
            return state.exchanges.isEmpty ? state.idle : nil
        }
        idle?.put(())
    }

    /// From here on requests are refused. Tells `idle` when those under way are done.
    func beginStop(idle: Rendezvous<Void>) {
        let isIdle = state.withLock { (state) -> Bool in
            state.isStopping = true
            state.idle = idle
            return state.exchanges.isEmpty
        }
        if isIdle { idle.put(()) }
    }

    func cancelAll() {
        let exchanges = state.withLock { Array($0.exchanges.values) }
        for exchange in exchanges { exchange.cancel() }
    }
}

/// What a server has counted since it started.
public struct HTTPStatistics: Sendable {
    /// Requests that reached a handler.
    public var requests = 0
    public var openConnections = 0
    /// Connections that there was no room for.
    public var refusedConnections = 0
}

/// The open connections, and which of them could go when there are too many.
struct ConnectionTable {
    private struct Entry {
        let descriptor: Int32
        /// When it last had nothing to do, in the order of events.
        var restingSince: UInt64?
    }

    private var entries: [LibraryConnection: Entry] = [:]
    private var clock: UInt64 = 0

    var count: Int { entries.count }

    mutating func open(_ connection: LibraryConnection, descriptor: Int32) {
        clock += 1
        entries[connection] = Entry(descriptor: descriptor, restingSince: clock)
    }

    mutating func close(_ connection: LibraryConnection) { entries.removeValue(forKey: connection) }

    mutating func mark(_ connection: LibraryConnection, isAtWork: Bool) {
        clock += 1
        entries[connection]?.restingSince = isAtWork ? nil : clock
    }

    /// The socket of the connection that has been without a request for longest. It does not count any more.
    mutating func takeIdlest() -> Int32? {
        let resting = entries.filter { $0.value.restingSince != nil }
        guard let victim = resting.min(by: { ($0.value.restingSince ?? 0) < ($1.value.restingSince ?? 0) }) else {
            return nil
        }
        entries.removeValue(forKey: victim.key)
        return victim.value.descriptor
    }
}
