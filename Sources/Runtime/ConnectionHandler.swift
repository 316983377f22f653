/// What a connection does with a frame that it was given.
public enum FrameDisposition: Sendable {
    /// The frame was taken. Its bytes stay valid, and may be changed, until all end-of-tick participants of this tick
    /// have run.
    case consumed
    /// The frame cannot be taken now. The connection keeps it, reads nothing more, and delivers it again after
    /// `Connection.resume`.
    case hold
}

/// The protocol's side of a connection. Called on the connection's shard, never from within a call that it makes itself.
public protocol ConnectionHandler: AnyObject {
    /// One whole frame, without its length, in the order of arrival.
    func received(_ frame: UnsafeMutableRawBufferPointer) -> FrameDisposition

    /// No frame will follow: the peer has finished sending, or the shard drains. Whoever still owes answers sends them and
    /// then calls `close(afterFlush: true)`, which is all that the default does.
    func inputEnded(_ connection: Connection)

    /// The output that had piled up over the high-water mark has gone down to the low one.
    func outputDrained(_ connection: Connection)

    /// The connection is closed: the last call.
    func closed(_ reason: CloseReason)
}

extension ConnectionHandler {
    public func inputEnded(_ connection: Connection) { connection.close(afterFlush: true) }

    public func outputDrained(_ connection: Connection) {}
}

/// Why a connection was closed.
public enum CloseReason: Hashable, Sendable {
    /// This side closed it.
    case closedHere
    /// The peer finished sending and everything owed to it was sent.
    case closedByPeer
    /// The peer finished sending in the middle of a frame.
    case closedByPeerInFrame
    /// The connection broke; an `errno` number.
    case failed(Int32)
    /// A frame announced this length, which is negative or larger than allowed.
    case invalidFrameLength(Int32)
    /// Nothing was received or sent for the idle time.
    case idle
    /// No frame came within the time given for the first one.
    case noFirstFrame
    /// A frame that had begun came too slowly.
    case frameStalled
    /// The peer did not take the last output in time.
    case flushTimedOut
    /// A file ended before the range that was to be sent from it.
    case fileEnded
    /// The shard drained.
    case drained
    /// The shard has ended.
    case shardEnded
}

/// Limits and times of a connection.
public struct ConnectionOptions: Sendable {
    /// The largest frame taken, without its length. `Connection.maximumFrameSize` starts with it.
    public var maximumFrameSize = 104_857_600
    /// With more output waiting than this, nothing more is read…
    public var outputHighWater = 1 << 20
    /// …until no more than this waits.
    public var outputLowWater = 256 << 10
    /// How long nothing may move; nil for ever.
    public var idleTimeout: Interval? = .seconds(600)
    /// How long the first frame may take; nil for ever.
    public var firstFrameTimeout: Interval? = .seconds(30)
    /// In each such time a frame that has begun must end, or grow by `frameProgressBytes`; nil for ever.
    public var frameProgressTimeout: Interval? = .seconds(30)
    public var frameProgressBytes = 1_024
    /// How long a connection that is being closed may take to put out its last output.
    public var closeFlushTimeout: Interval = .seconds(10)
    /// Makes the layer between a new connection and its socket (the argument); plaintext without it.
    public var secureTransport: (@Sendable (Int32) -> any SecureTransport)?

    public init() {}
}
