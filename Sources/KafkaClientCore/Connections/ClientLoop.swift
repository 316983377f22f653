import Bytes
import Runtime

/// What a client needs of the event loop it lives on. `Shard` has it; tests bring one with a clock of their own and brokers
/// that follow a script.
public protocol ClientLoop: AnyObject {
    var now: MonotonicTime { get }
    /// Milliseconds since 1970.
    var wallClockMs: Int64 { get }

    /// Runs `action` once, later.
    func schedule(after delay: Interval, _ action: @escaping () -> Void) -> ClientTimer
    func cancel(_ timer: ClientTimer)

    /// Runs `action` when the input of this tick has been handled.
    func atEndOfTick(_ action: @escaping () -> Void)

    /// Starts to connect. The handler is told how it went, never before this returns.
    func connect(
        to endpoint: BrokerEndpoint, timeout: Interval, maximumFrameSize: Int, handler: any ClientLinkHandler
    ) -> any ClientLink
}

/// Names a scheduled action.
public struct ClientTimer: Hashable, Sendable {
    public let id: Int
    public init(id: Int) { self.id = id }
}

/// A connection as the client sees it: frames out.
public protocol ClientLink: AnyObject {
    /// Sends bytes that make whole frames, with their length prefixes. Ignored when the connection is closed.
    func send(_ frames: consuming ByteWriter)
    /// Closes; the handler is not told.
    func close()
}

/// A connection as the client sees it: what happens to it.
public protocol ClientLinkHandler: AnyObject {
    func linkOpened()
    /// A whole frame without its length prefix. The bytes are valid during the call only.
    func linkReceived(_ frame: UnsafeRawBufferPointer)
    /// It could not be made, or broke. Told once.
    func linkClosed(_ reason: String)
}
