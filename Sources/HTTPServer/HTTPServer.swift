import CMicrohttpd
import Logging
public import Runtime
import Synchronization

/// An HTTP server on a thread of its own for each address.
///
/// Handlers run on that thread and never wait: one that needs something from elsewhere asks by message, keeps the
/// responder, and answers when the message comes back.
public final class HTTPServer: Sendable {
    /// Where it listens, one for each host given, with the port it got.
    public let endpoints: [HostPort]

    private let core: ServerCore
    private let daemons: [Daemon]

    /// The library's handle, which any thread may use as its functions allow.
    private struct Daemon: Sendable {
        private let address: Int

        init(_ pointer: OpaquePointer) { address = Int(bitPattern: pointer) }

        var pointer: OpaquePointer? { OpaquePointer(bitPattern: address) }

        /// Ends the daemon, and its hold on the core.
        func stop(_ core: ServerCore) {
            martlet_http_stop(pointer)
            Unmanaged.passUnretained(core).release()
        }
    }

    /// Starts to serve and returns.
    ///
    /// - Parameter hosts: where to listen. A name stands for all its addresses; port 0 takes a free one.
    public static func start(
        on hosts: [HostPort], routes: HTTPRoutes, limits: HTTPLimits = HTTPLimits()
    ) throws(HTTPServerError) -> HTTPServer {
        if let reason = martlet_http_load() {
            throw HTTPServerError(
                description: "libmicrohttpd cannot be loaded (Debian package libmicrohttpd12): "
                    + String(cString: reason))
        }
        let log = Logger(label: "http")
        let core = ServerCore(routes: routes, limits: limits, log: log)
        var daemons: [Daemon] = []
        var endpoints: [HostPort] = []
        do throws(HTTPServerError) {
            for host in hosts {
                let sockets = try listen(on: host, log)
                endpoints.append(HostPort(host: host.host, port: sockets.first?.localAddress.port ?? host.port))
                for (index, socket) in sockets.enumerated() {
                    guard let daemon = start(socket, core) else {
                        for other in sockets[index...] { other.close() }
                        throw HTTPServerError(description: "cannot start a thread for \(socket.localAddress)")
                    }
                    daemons.append(Daemon(daemon))
                }
            }
        } catch {
            for daemon in daemons { daemon.stop(core) }
            throw error
        }
        return HTTPServer(endpoints: endpoints, core: core, daemons: daemons)
    }

    private init(endpoints: [HostPort], core: ServerCore, daemons: [Daemon]) {
        self.endpoints = endpoints
        self.core = core
        self.daemons = daemons
    }

    public var statistics: HTTPStatistics { core.statistics }

    /// Stops: takes no more connections and requests, lets those under way be answered, and closes. Blocks until all is
    /// done; to be called once.
    ///
    /// - Parameter timeout: how long requests may take to be answered. What is not by then is answered 503, and streams
    ///   are cut off.
    public func stop(within timeout: Interval = .seconds(1)) {
        for daemon in daemons { martlet_http_quiesce(daemon.pointer) }
        if let idle = try? Rendezvous<Void>() {
            core.beginStop(idle: idle)
            if idle.wait(within: timeout) == nil {
                core.cancelAll()
                _ = idle.wait(within: .milliseconds(100))
            }
        }
        core.cancelAll()
        for daemon in daemons { daemon.stop(core) }
    }

    private static func listen(on host: HostPort, _ log: Logger) throws(HTTPServerError) -> [ListeningSocket] {
        do {
            let outcome = try ListeningSocket.listen(onAll: try host.resolve())
            for failure in outcome.failures {
                log.warning("an address cannot be used", metadata: ["listener": "\(host)", "error": "\(failure)"])
            }
            return outcome.sockets
        } catch {
            throw HTTPServerError(description: "cannot serve HTTP on \(host): \(error)")
        }
    }

    /// Room in the library for connections that were taken but are not in its count yet, or are on their way out.
    private static let spareConnections = 64

    private static func start(_ socket: ListeningSocket, _ core: ServerCore) -> OpaquePointer? {
        var settings = martlet_http_settings()
        settings.connections = UInt32(clamping: core.limits.connections + spareConnections)
        settings.memory = max(core.limits.headerBytes, 2 << 10)
        settings.timeout = UInt32(clamping: max(core.limits.idleTimeout.milliseconds / 1_000, 1))
        let owner = Unmanaged.passRetained(core)
        settings.owner = owner.toOpaque()
        settings.callbacks = libraryCallbacks
        let daemon = martlet_http_start(socket.descriptor, &settings)
        if daemon == nil { owner.release() }
        return daemon
    }
}

/// Why a server did not start.
public struct HTTPServerError: Error, Sendable, CustomStringConvertible {
    public let description: String
}
