import Bytes
import KafkaProtocol
import Runtime

/// A broker that can be asked: connects when it has to, waits after failures, and ends requests that take too long.
final class BrokerConnection {
    private enum Link {
        case none
        case connecting(any ClientLink)
        case open(any ClientLink)
        /// The last attempt failed; the next is made when this timer fires.
        case backingOff(ClientTimer)
        case shut
    }

    let endpoint: BrokerEndpoint
    private let loop: any ClientLoop
    private let configuration: ClientConfiguration
    private var channel: RequestChannel
    private var link = Link.none
    private var backoff: Backoff
    private var generator: SeededGenerator
    /// Why the last connection could not be made or broke.
    private var lastFailure: String?
    private var deadline: (timer: ClientTimer, at: MonotonicTime)?
    /// Told when the connection could not be made or broke.
    var onDisconnect: ((_ reason: String) -> Void)?
    /// Told when it can be used.
    var onReady: (() -> Void)?
    /// Told when it could not be made or broke, and somebody waited for it.
    var onRequestsLost: ((_ reason: String) -> Void)?

    init(endpoint: BrokerEndpoint, loop: any ClientLoop, configuration: ClientConfiguration, seed: UInt64) {
        self.endpoint = endpoint
        self.loop = loop
        self.configuration = configuration
        channel = RequestChannel(clientId: configuration.clientId)
        backoff = Backoff(initial: configuration.reconnectBackoff, maximum: configuration.reconnectBackoffMaximum)
        generator = SeededGenerator(seed: seed)
    }

    /// How good a choice it is for a request that any broker can answer; less is better.
    var rank: Int {
        switch link {
        case .open: channel.state == .ready ? 0 : 1
        case .connecting: 1
        case .none: 2
        case .backingOff: 3
        case .shut: 4
        }
    }

    var load: Int { channel.load }

    func commonVersions(_ apiKey: ApiKey, _ own: ClosedRange<Int16>) -> ClosedRange<Int16>? {
        channel.commonVersions(apiKey, own)
    }

    func send(_ request: OutgoingRequest) {
        switch link {
        case .shut:
            request.complete(.failure(ClientError(.closed, "the client is closed")))
            return
        case .none: connect()
        case .connecting, .open, .backingOff: break
        }
        var writer = ByteWriter(capacity: 512)
        if let error = channel.send(request, into: &writer) {
            request.complete(.failure(error))
            return
        }
        transmit(writer)
        armDeadline()
        finishUnanswered()
    }

    /// Closes for good; outstanding requests end with `closed`.
    func shut() {
        disconnect()
        link = .shut
        finish(channel.closed(), ClientError(.closed, "the client was closed"))
    }

    private func connect() {
        link = .connecting(
            loop.connect(
                to: endpoint, timeout: configuration.connectTimeout,
                maximumFrameSize: configuration.maximumResponseSize, handler: self))
    }

    private func transmit(_ writer: consuming ByteWriter) {
        guard writer.count > 0, case .open(let open) = link else { return }
        open.send(writer)
    }

    private func disconnect() {
        if let deadline { loop.cancel(deadline.timer) }
        deadline = nil
        switch link {
        case .connecting(let connection), .open(let connection): connection.close()
        case .backingOff(let timer): loop.cancel(timer)
        case .none, .shut: break
        }
        link = .none
    }

    /// Gives up the connection, and every request on it.
    private func fail(_ code: ClientError.Code, _ reason: String) {
        disconnect()
        lastFailure = reason
        let wait = backoff.next(using: &generator)
        link = .backingOff(
            loop.schedule(after: wait) { [weak self] in
                guard let self, case .backingOff = link else { return }
                link = .none
                if channel.load > 0 { connect() }
            })
        let lost = channel.closed()
        finish(lost, ClientError(code, "\(endpoint): \(reason)"))
        if !lost.isEmpty { onRequestsLost?(reason) }
        onDisconnect?(reason)
    }

    private func finish(_ requests: [OutgoingRequest], _ error: ClientError) {
        for request in requests { request.complete(.failure(error)) }
    }

    /// Without an answer to wait for, having been written is all that can be known.
    private func finishUnanswered() {
        for request in channel.takeUnanswered() {
            request.complete(
                .success(ReceivedResponse(version: -1, body: UnsafeRawBufferPointer(start: nil, count: 0))))
        }
    }

    private func armDeadline() {
        guard let next = channel.nextDeadline else { return }
        if let deadline {
            // A timer that fires too early looks again; only one that is too late has to be replaced.
            if deadline.at <= next { return }
            loop.cancel(deadline.timer)
        }
        let timer = loop.schedule(after: next - loop.now) { [weak self] in self?.deadlineReached() }
        deadline = (timer, next)
    }

    private func deadlineReached() {
        deadline = nil
        let expired = channel.takeExpired(loop.now)
        finish(expired, ClientError(.timedOut, "\(endpoint): \(lastFailure ?? "no connection in time")"))
        let isStuck = !expired.isEmpty && channel.state != .ready && channel.state != .connecting
        if channel.isOverdue(loop.now) || isStuck {
            fail(.timedOut, "no answer in time")
        } else {
            armDeadline()
        }
    }
}

extension BrokerConnection: ClientLinkHandler {
    func linkOpened() {
        guard case .connecting(let connection) = link else { return }
        link = .open(connection)
        var writer = ByteWriter()
        channel.opened(into: &writer)
        transmit(writer)
    }

    func linkReceived(_ frame: UnsafeRawBufferPointer) {
        guard case .open = link else { return }
        var writer = ByteWriter()
        let arrival = channel.received(frame, into: &writer)
        transmit(writer)
        switch arrival {
        case .response(let request, let response):
            backoff.reset()
            lastFailure = nil
            request.complete(.success(response))
        case .negotiated(let refused):
            for (request, error) in refused { request.complete(.failure(error)) }
            finishUnanswered()
            if channel.state == .ready { onReady?() }
        case .violation(let reason):
            fail(.disconnected, reason)
        }
    }

    func linkClosed(_ reason: String) {
        switch link {
        case .connecting: fail(.disconnected, "cannot connect: \(reason)")
        case .open: fail(.disconnected, "the connection broke: \(reason)")
        case .none, .backingOff, .shut: break
        }
    }
}
