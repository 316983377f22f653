/// Where lines go. Called by any thread, one whole line (with its newline) a call.
public protocol LogSink: Sendable {
    func write(_ line: [UInt8])
}
