import Runtime

/// A connection that nobody listens to, until it is closed.
final class RefusedConnection: ConnectionHandler {
    weak var connection: Connection?

    func received(_ frame: UnsafeMutableRawBufferPointer) -> FrameDisposition { .hold }

    func close() { connection?.close(afterFlush: false) }

    func closed(_ reason: CloseReason) { connection = nil }
}
