import Bytes
import Runtime

/// A shard as the event loop of clients.
public final class ShardLoop: ClientLoop {
    private let shard: Shard
    private let resolvers: BlockingPool
    private var timers: [ClientTimer: DeadlineToken] = [:]
    private var nextTimer = 0
    private var endOfTick: [() -> Void] = []

    /// - Parameter resolvers: threads on which names are resolved.
    public init(shard: Shard, resolvers: BlockingPool) {
        self.shard = shard
        self.resolvers = resolvers
        shard.onEndOfTick { [unowned self] in runEndOfTick() }
    }

    public var now: MonotonicTime { shard.now }
    public var wallClockMs: Int64 { shard.wallClockMs }

    public func schedule(after delay: Interval, _ action: @escaping () -> Void) -> ClientTimer {
        let timer = ClientTimer(id: nextTimer)
        nextTimer += 1
        timers[timer] = shard.schedule(after: delay) { [unowned self] in
            timers[timer] = nil
            action()
        }
        return timer
    }

    public func cancel(_ timer: ClientTimer) {
        if let token = timers.removeValue(forKey: timer) { shard.cancel(token) }
    }

    public func atEndOfTick(_ action: @escaping () -> Void) {
        endOfTick.append(action)
        // The participants of this tick may have run already.
        shard.requestTick()
    }

    private func runEndOfTick() {
        let actions = endOfTick
        endOfTick.removeAll(keepingCapacity: true)
        for action in actions { action() }
    }

    public func connect(
        to endpoint: BrokerEndpoint, timeout: Interval, maximumFrameSize: Int, handler: any ClientLinkHandler
    ) -> any ClientLink {
        let link = ShardLink(
            shard: shard, endpoint: endpoint, timeout: timeout, maximumFrameSize: maximumFrameSize, handler: handler)
        link.start(resolvers)
        return link
    }
}

/// A connection of a client on a shard: resolves the name, tries its addresses one after another.
private final class ShardLink: ClientLink, ConnectionHandler {
    private let shard: Shard
    private let endpoint: BrokerEndpoint
    private let timeout: Interval
    private var options = ConnectionOptions()
    private weak var handler: (any ClientLinkHandler)?
    private var addresses: ArraySlice<SocketAddress> = []
    private var attempt: ConnectionAttempt?
    private var connection: Connection?

    init(
        shard: Shard, endpoint: BrokerEndpoint, timeout: Interval, maximumFrameSize: Int,
        handler: any ClientLinkHandler
    ) {
        self.shard = shard
        self.endpoint = endpoint
        self.timeout = timeout
        self.handler = handler
        options.maximumFrameSize = maximumFrameSize
        // The client has deadlines of its own for what it waits for.
        options.idleTimeout = .seconds(540)
        options.frameProgressTimeout = nil
    }

    func start(_ resolvers: BlockingPool) {
        if let numeric = SocketAddress(endpoint.host, port: endpoint.port) {
            addresses = [numeric]
            return tryNext(nil)
        }
        let host = HostPort(host: endpoint.host, port: endpoint.port)
        do throws(BlockingPool.Refused) {
            try shard.run(on: resolvers, job: { Result { () throws(ResolutionError) in try host.resolve() } }) {
                found in
                switch found {
                case .success(let addresses):
                    self.addresses = addresses[...]
                    self.tryNext(nil)
                case .failure(let error): self.fail("\(error)")
                }
            }
        } catch {
            let reason = "\(error)"
            shard.perform { self.fail(reason) }
        }
    }

    private func tryNext(_ lastError: SystemError?) {
        guard handler != nil else { return }
        guard let address = addresses.popFirst() else {
            return fail(lastError.map { SystemError.text(of: $0.code) } ?? "no address")
        }
        attempt = shard.connect(to: address, timeout: timeout, options: options) { result in
            self.attempt = nil
            switch result {
            case .failure(let error):
                self.tryNext(error)
                return nil
            case .success(let connection):
                guard let handler = self.handler else { return nil }
                self.connection = connection
                self.shard.perform { if self.connection != nil { handler.linkOpened() } }
                return self
            }
        }
    }

    private func fail(_ reason: String) {
        let handler = handler
        self.handler = nil
        connection = nil
        handler?.linkClosed(reason)
    }

    func send(_ frames: consuming ByteWriter) {
        connection?.send(frames.finish().all)
    }

    func close() {
        handler = nil
        attempt?.cancel()
        attempt = nil
        connection?.close(afterFlush: false)
        connection = nil
    }

    func received(_ frame: UnsafeMutableRawBufferPointer) -> FrameDisposition {
        handler?.linkReceived(UnsafeRawBufferPointer(frame))
        return .consumed
    }

    func closed(_ reason: CloseReason) {
        fail(reason.text)
    }
}

extension CloseReason {
    /// For people, as the end of "the connection broke: …".
    fileprivate var text: String {
        switch self {
        case .closedHere: "closed"
        case .closedByPeer, .closedByPeerInFrame: "the broker closed it"
        case .failed(let code): SystemError.text(of: code)
        case .invalidFrameLength(let length): "a frame of \(length) bytes (is this a Kafka broker's plaintext port?)"
        case .idle: "nothing moved for a long time"
        case .noFirstFrame, .frameStalled: "the broker stopped in the middle of an answer"
        case .flushTimedOut, .fileEnded, .drained, .shardEnded: "closed (\(self))"
        }
    }
}
