import Bytes
import KafkaClientCore
import Runtime

/// An event loop without threads, sockets or clock: things happen in order, and time passes when nothing else is left to do.
final class ScriptedLoop: ClientLoop {
    private(set) var now = MonotonicTime(nanoseconds: 1_000_000_000)
    var wallClockMs: Int64 { 1_700_000_000_000 + now.nanoseconds / 1_000_000 }

    /// Who listens; an address that nobody listens at refuses.
    var brokers: [BrokerEndpoint: FakeBroker] = [:]
    /// Attempts to connect, in order.
    private(set) var connects: [(endpoint: BrokerEndpoint, at: MonotonicTime)] = []

    private var events: [() -> Void] = []
    private var endOfTick: [() -> Void] = []
    private var timers: [(id: Int, at: MonotonicTime, action: () -> Void)] = []
    private var nextTimer = 0

    func schedule(after delay: Interval, _ action: @escaping () -> Void) -> ClientTimer {
        nextTimer += 1
        timers.append((nextTimer, now + delay, action))
        return ClientTimer(id: nextTimer)
    }

    func cancel(_ timer: ClientTimer) { timers.removeAll { $0.id == timer.id } }

    func atEndOfTick(_ action: @escaping () -> Void) { endOfTick.append(action) }

    /// Lets something happen after what is already on its way.
    func post(_ event: @escaping () -> Void) { events.append(event) }

    func connect(
        to endpoint: BrokerEndpoint, timeout: Interval, maximumFrameSize: Int, handler: any ClientLinkHandler
    ) -> any ClientLink {
        connects.append((endpoint, now))
        let link = ScriptedLink(loop: self, broker: brokers[endpoint], handler: handler)
        post {
            if link.broker?.isUp == true { link.open() } else { link.drop("refused") }
        }
        return link
    }

    /// Runs until `isDone`, or until `limit` has passed.
    ///
    /// - Returns: whether it is done.
    @discardableResult
    func run(limit: Interval = .seconds(300), until isDone: () -> Bool = { false }) -> Bool {
        let end = now + limit
        while !isDone() {
            if !events.isEmpty || !endOfTick.isEmpty {
                let (due, after) = (events, endOfTick)
                (events, endOfTick) = ([], [])
                for event in due { event() }
                for action in after { action() }
            } else if let next = timers.indices.min(by: { timers[$0].at < timers[$1].at }), timers[next].at <= end {
                let timer = timers.remove(at: next)
                now = max(now, timer.at)
                timer.action()
            } else {
                now = end
                return isDone()
            }
        }
        return true
    }
}

/// A connection between a client and a fake broker. Everything crosses it in order, none of it at once.
final class ScriptedLink: ClientLink {
    let broker: FakeBroker?
    private let loop: ScriptedLoop
    private weak var handler: (any ClientLinkHandler)?
    private var isOpen = false

    init(loop: ScriptedLoop, broker: FakeBroker?, handler: any ClientLinkHandler) {
        self.loop = loop
        self.broker = broker
        self.handler = handler
    }

    func open() {
        isOpen = true
        broker?.links.append(self)
        handler?.linkOpened()
    }

    func send(_ frames: consuming ByteWriter) {
        guard isOpen else { return }
        let bytes = frames.bytes
        loop.post { [self] in
            var rest = bytes[...]
            while isOpen, rest.count >= 4 {
                let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
                broker?.receive(Array(rest.dropFirst(4).prefix(length)), self)
                rest = rest.dropFirst(4 + length)
            }
        }
    }

    /// The broker's answer, a frame without its length.
    func answer(_ frame: [UInt8]) {
        loop.post { [self] in
            guard isOpen else { return }
            frame.withUnsafeBytes { handler?.linkReceived($0) }
        }
    }

    func answer(_ frame: [UInt8], after wait: Interval) {
        _ = loop.schedule(after: wait) { self.answer(frame) }
    }

    /// The connection breaks.
    func drop(_ reason: String) {
        isOpen = false
        broker?.links.removeAll { $0 === self }
        let handler = handler
        self.handler = nil
        loop.post { handler?.linkClosed(reason) }
    }

    func close() {
        isOpen = false
        broker?.links.removeAll { $0 === self }
        handler = nil
    }
}
