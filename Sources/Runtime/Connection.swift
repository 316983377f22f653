import Bytes
import Glibc

/// Names a connection for as long as its shard runs.
public struct ConnectionID: Hashable, Sendable {
    public let number: UInt64
}

/// A stream of frames to and from one peer. It belongs to its shard, as does its handler.
public final class Connection {
    enum State {
        /// Frames come and go. Can become `inputEnded`, `flushing`, `closed`.
        case open
        /// No frame will follow; answers still go out. Can become `flushing`, `closed`.
        case inputEnded
        /// The last output goes out, then the connection closes. Can become `closed`.
        case flushing
        /// Nothing moves any more; the shard lets go of it at the end of the tick.
        case closed
    }

    public let id: ConnectionID
    public let peer: SocketAddress
    public let local: SocketAddress
    /// The connection's shard.
    public let shard: Shard
    public let options: ConnectionOptions
    /// The largest frame that is taken from now on; smaller, for instance, until the peer has authenticated itself.
    public var maximumFrameSize: Int

    let descriptor: Int32
    let transport: Transport
    var key = SlotKey(index: 0, generation: 0)
    var handler: (any ConnectionHandler)?

    var state = State.open
    var closeReason = CloseReason.closedHere
    /// What the shard's poll waits for on the socket.
    var interest: UInt32 = 0
    /// The connection is in the shard's list of those to be settled at the end of the tick.
    var isDirty = false
    /// The connection is in the shard's list of those whose input goes on in the next tick.
    var isResumed = false

    var input = InputState()
    var stops: InputStops = []
    /// A read waits for the socket to become writable, as a secure layer may ask for.
    var readWantsOutput = false

    var output = OutputQueue()
    /// What output waits for on the socket; nil when it waits for nothing.
    var outputWait: TransportResult?

    /// Bytes charged to the memory budget.
    var charged = 0

    /// When bytes moved last.
    var lastActivity: MonotonicTime
    let opened: MonotonicTime
    var timer: DeadlineToken?
    var timerDue = MonotonicTime.distantFuture
    var pauseEnds: MonotonicTime?
    var pauseTimer: DeadlineToken?
    /// When the frame that is coming, or its last piece of some size, began.
    var frameWindowStart = MonotonicTime.distantFuture
    var frameWindowBytes = 0
    var flushDeadline = MonotonicTime.distantFuture

    init(
        shard: Shard, id: ConnectionID, descriptor: Int32, peer: SocketAddress, local: SocketAddress,
        options: ConnectionOptions
    ) {
        self.shard = shard
        self.id = id
        self.descriptor = descriptor
        self.peer = peer
        self.local = local
        self.options = options
        maximumFrameSize = options.maximumFrameSize
        transport = options.secureTransport.map { .secure($0(descriptor)) } ?? .plaintext
        opened = shard.now
        lastActivity = shard.now
    }

    /// False as soon as the connection is being closed: output is dropped then.
    public var isOpen: Bool { state == .open || state == .inputEnded }

    /// The layer that `ConnectionOptions.secureTransport` made; nil in plaintext.
    public var secureTransport: (any SecureTransport)? {
        if case .secure(let layer) = transport { layer } else { nil }
    }

    /// Bytes that wait for the socket.
    public var pendingOutputBytes: Int { output.pendingBytes }

    /// Closes the connection: at once, or when all output that was given so far is on the socket. Nothing more is received
    /// and later output is dropped. The handler hears of it at the end of a tick.
    public func close(afterFlush: Bool = true) {
        guard isOpen else {
            if state == .flushing, !afterFlush { shut(.closedHere) }
            return
        }
        guard afterFlush else { return shut(.closedHere) }
        if state == .open { closeReason = .closedHere }
        state = .flushing
        dropInput()
        flushDeadline = shard.now + options.closeFlushTimeout
        armTimer()
    }

    /// Marks the connection as closed; the shard lets go of it at the end of the tick.
    func shut(_ reason: CloseReason) {
        guard state != .closed else { return }
        state = .closed
        closeReason = reason
        shard.closing.append(self)
    }

    @inline(__always)
    func markDirty() {
        guard !isDirty else { return }
        isDirty = true
        shard.dirty.append(self)
    }
}
