import Bytes
import Glibc
import Runtime
import Synchronization
import Testing

/// Values that one thread reports and another awaits.
final class Reports<Value: Sendable>: Sendable {
    private let values = Mutex<[Value]>([])
    private let readEnd: Int32
    private let writeEnd: Int32

    init() {
        var ends: [Int32] = [0, 0]
        precondition(pipe(&ends) == 0)
        (readEnd, writeEnd) = (ends[0], ends[1])
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    func report(_ value: Value) {
        values.withLock { $0.append(value) }
        var byte: UInt8 = 0
        _ = write(writeEnd, &byte, 1)
    }

    /// The next value; nil if none comes for 20 seconds.
    func next() -> Value? {
        var request = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
        guard poll(&request, 1, 20_000) == 1 else { return nil }
        var byte: UInt8 = 0
        _ = read(readEnd, &byte, 1)
        return values.withLock { $0.removeFirst() }
    }
}

/// A shard with a listener on a port of its own.
struct TestServer {
    let handle: ShardHandle
    let port: UInt16
    /// Runs something on the shard.
    let remote: Mailbox<@Sendable (Shard) -> Void>

    init(
        address: SocketAddress = .loopback(port: 0), shard shardOptions: ShardOptions = ShardOptions(),
        options: ConnectionOptions = ConnectionOptions(), setUp: @escaping @Sendable (Shard) -> Void = { _ in },
        accept: @escaping @Sendable (Connection) -> (any ConnectionHandler)?
    ) throws {
        let started = try Rendezvous<(UInt16, Mailbox<@Sendable (Shard) -> Void>)>()
        handle = try Shard.start(name: "test", options: shardOptions) { shard in
            setUp(shard)
            do {
                let listener = try shard.listen(on: address, options: options, accept: accept)
                started.put((listener.localPort, shard.makeMailbox { [unowned shard] action in action(shard) }))
            } catch {
                fatalError("\(error)")
            }
        }
        (port, remote) = started.wait()
    }

    /// The answer of something that runs on the shard.
    func ask<Answer: Sendable>(_ question: @escaping @Sendable (Shard) -> Answer) throws -> Answer {
        let answer = try Rendezvous<Answer>()
        remote.post { shard in answer.put(question(shard)) }
        return answer.wait()
    }

    /// Comes back when the shard's statistics satisfy the condition; false after 20 seconds.
    func await(_ condition: @escaping @Sendable (ShardStatistics) -> Bool) throws -> Bool {
        let end = MonotonicTime.current() + .seconds(20)
        while MonotonicTime.current() < end {
            if try ask({ shard in condition(shard.statistics) }) { return true }
        }
        return false
    }

    /// Comes back when many rounds through the shard in a row have served nothing: how many frames had been served by then,
    /// and the most memory that connections owned meanwhile.
    func untilNothingIsServed() throws -> (served: Int, mostMemory: Int) {
        var (served, unchanged, most) = (0, 0, 0)
        while unchanged < 2_000 {
            let (now, memory) = try ask { ($0.statistics.framesReceived, $0.options.memory.used) }
            unchanged = now == served ? unchanged + 1 : 0
            served = now
            most = max(most, memory)
        }
        return (served, most)
    }

    func stop() {
        handle.stop()
        handle.join()
    }
}

/// Answers each frame with the same bytes at the end of the tick, as a broker that commits first would.
final class EchoHandler: ConnectionHandler {
    let connection: Connection
    let closings: Reports<CloseReason>?

    init(_ connection: Connection, closings: Reports<CloseReason>? = nil) {
        self.connection = connection
        self.closings = closings
    }

    func received(_ frame: UnsafeMutableRawBufferPointer) -> FrameDisposition {
        connection.withOutput { writer in
            writer.write(Int32(frame.count))
            writer.write(UnsafeRawBufferPointer(frame))
        }
        return .consumed
    }

    func closed(_ reason: CloseReason) { closings?.report(reason) }
}

/// Something that runs on another thread.
struct Background {
    private let pool: BlockingPool
    private let outcome: Rendezvous<Result<Void, any Error>>

    init(_ body: @escaping @Sendable () throws -> Void) throws {
        let outcome = try Rendezvous<Result<Void, any Error>>()
        self.outcome = outcome
        pool = try BlockingPool(name: "background", threads: 1)
        try pool.submit { outcome.put(Result { try body() }) }
    }

    /// Waits for it to end, and throws what it threw.
    func finish() throws {
        let result = outcome.wait()
        pool.shutDown()
        try result.get()
    }
}

/// A handler made of closures.
final class ScriptedHandler: ConnectionHandler {
    let connection: Connection
    var onFrame: (UnsafeMutableRawBufferPointer) -> FrameDisposition = { _ in .consumed }
    var onInputEnded: ((Connection) -> Void)?
    var onOutputDrained: (Connection) -> Void = { _ in }
    var onClosed: (CloseReason) -> Void = { _ in }

    init(_ connection: Connection) { self.connection = connection }

    func received(_ frame: UnsafeMutableRawBufferPointer) -> FrameDisposition { onFrame(frame) }

    func inputEnded(_ connection: Connection) {
        if let onInputEnded { onInputEnded(connection) } else { connection.close(afterFlush: true) }
    }

    func outputDrained(_ connection: Connection) { onOutputDrained(connection) }

    func closed(_ reason: CloseReason) { onClosed(reason) }
}

extension Connection {
    /// Sends a frame.
    func answer(_ payload: [UInt8]) {
        withOutput { writer in
            writer.write(Int32(payload.count))
            writer.write(payload)
        }
    }
}
