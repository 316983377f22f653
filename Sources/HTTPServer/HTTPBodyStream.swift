import CMicrohttpd
import Synchronization

/// A response's body that is sent while it is written: by one thread, or by several one after another.
///
/// It holds what the client has not taken yet, up to its capacity. A writer that is told `.full` waits for `whenDrained`.
public final class HTTPBodyStream: Sendable {
    public enum WriteOutcome: Sendable {
        case accepted
        /// Nothing was taken: the client has to catch up first.
        case full
        /// Nobody reads any more.
        case closed
    }

    fileprivate struct State {
        var bytes: [UInt8] = []
        var position = 0
        var isFinished = false
        /// The client, or the server, is gone.
        var isClosed = false
        /// Out of the loop for want of bytes.
        var suspended: LibraryConnection?
        var connection: LibraryConnection?
        var whenDrained: (@Sendable () -> Void)?

        var count: Int { bytes.count - position }
    }

    private let state = Mutex(State())
    private let capacity: Int

    public init(capacity: Int = 256 << 10) { self.capacity = capacity }

    /// Gives bytes to the client. All are taken, or none.
    @discardableResult
    public func write(_ bytes: some Sequence<UInt8>) -> WriteOutcome {
        state.withLock { state in
            if state.isClosed || state.isFinished { return .closed }
            if state.count >= capacity { return .full }
            state.bytes.append(contentsOf: bytes)
            state.resume()
            return .accepted
        }
    }

    /// The body is whole.
    public func finish() {
        state.withLock { state in
            state.isFinished = true
            state.resume()
        }
    }

    /// Has `action` called once, from the server's thread, when there is room again or nobody reads any more; at once, on
    /// this thread, where that is so already.
    public func whenDrained(_ action: @escaping @Sendable () -> Void) {
        let isDrained = state.withLock { (state) -> Bool in
            if state.isClosed || state.count < capacity { return true }
            state.whenDrained = action
            return false
        }
        if isDrained { action() }
    }

    // MARK: The server's side

    /// The connection that the body goes to, before the first call of `read`.
    func attach(_ connection: LibraryConnection) { state.withLock { $0.connection = connection } }

    /// Nobody reads any more. What the client has got is not a whole body then, unless it was finished.
    func close() {
        let drained = state.withLock { (state) -> (@Sendable () -> Void)? in
            state.isClosed = true
            state.resume()
            return state.takeWaiter()
        }
        drained?()
    }

    /// Puts the next bytes into `room`, or suspends the connection until there are some.
    func read(into room: UnsafeMutableRawBufferPointer) -> Int {
        let (count, drained) = state.withLock { (state) -> (Int, (@Sendable () -> Void)?) in
            guard state.count > 0 else { return (state.ending(), nil) }
            let count = min(room.count, state.count)
            state.bytes.withUnsafeBytes { bytes in
                room.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[state.position..<state.position + count]))
            }
            state.position += count
            if state.position == state.bytes.count {
                state.bytes.removeAll(keepingCapacity: true)
                state.position = 0
            }
            return (count, state.count < capacity ? state.takeWaiter() : nil)
        }
        drained?()
        return count
    }
}

extension HTTPBodyStream.State {
    fileprivate mutating func resume() {
        suspended?.resume()
        suspended = nil
    }

    fileprivate mutating func takeWaiter() -> (@Sendable () -> Void)? {
        defer { whenDrained = nil }
        return whenDrained
    }

    /// What the library is told where there are no bytes.
    fileprivate mutating func ending() -> Int {
        if isFinished { return martlet_http_end_of_stream }
        guard !isClosed, let connection else { return martlet_http_end_with_error }
        connection.suspend()
        suspended = connection
        return 0
    }
}
