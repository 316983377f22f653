import Bytes
import Runtime
import Testing

@Suite struct ClosingTests {
    @Test func answersStillGoOutAfterThePeerFinished() throws {
        let closings = Reports<CloseReason>()
        let server = try TestServer { connection in
            let handler = ScriptedHandler(connection)
            var owed: [[UInt8]] = []
            handler.onFrame = { frame in
                owed.append([UInt8](frame))
                return .consumed
            }
            handler.onInputEnded = { connection in
                // The answers come later than the peer's end, each in its own tick.
                func next() {
                    guard !owed.isEmpty else { return connection.close(afterFlush: true) }
                    connection.answer(owed.removeFirst())
                    connection.shard.schedule(after: .milliseconds(2), next)
                }
                next()
            }
            handler.onClosed = { closings.report($0) }
            return handler
        }
        defer { server.stop() }
        let client = try TestClient(port: server.port)
        try client.send(frame([1]) + frame([2]) + frame([3]))
        client.finishSending()
        for number in 1...3 { #expect(try client.receiveFrame() == [UInt8(number)]) }
        #expect(client.receiveEnd())
        #expect(closings.next() == .closedByPeer)
    }

    @Test(arguments: [3, 5])
    func endInsideAFrameIsTold(sent: Int) throws {
        let closings = Reports<CloseReason>()
        let server = try TestServer { EchoHandler($0, closings: closings) }
        defer { server.stop() }
        let client = try TestClient(port: server.port)
        try client.send([UInt8](frame(pattern(9))[..<sent]))
        client.finishSending()
        #expect(client.receiveEnd())
        #expect(closings.next() == .closedByPeerInFrame)
    }

    @Test func aResetIsTold() throws {
        let closings = Reports<CloseReason>()
        let server = try TestServer { EchoHandler($0, closings: closings) }
        defer { server.stop() }
        do {
            let client = try TestClient(port: server.port)
            try client.send(frame([1]))
            _ = try client.receiveFrame()
            client.reset()
        }
        #expect(closings.next() == .failed(104))
    }

    @Test(arguments: [-1, Int32.min, 1_001, Int32.max])
    func badLengthsClose(length: Int32) throws {
        let closings = Reports<CloseReason>()
        var options = ConnectionOptions()
        options.maximumFrameSize = 1_000
        let server = try TestServer(options: options) { EchoHandler($0, closings: closings) }
        defer { server.stop() }
        let client = try TestClient(port: server.port)
        try client.send(frame(pattern(1_000)))
        #expect(try client.receiveFrame() == pattern(1_000))
        var writer = ByteWriter()
        writer.write(length)
        try client.send(writer.bytes)
        #expect(client.receiveEnd())
        #expect(closings.next() == .invalidFrameLength(length))
    }

    @Test func theFrameLimitCanBeRaised() throws {
        let server = try TestServer { connection in
            connection.maximumFrameSize = 10
            let handler = ScriptedHandler(connection)
            handler.onFrame = { frame in
                connection.maximumFrameSize = 100
                connection.answer([UInt8](frame))
                return .consumed
            }
            return handler
        }
        defer { server.stop() }
        let client = try TestClient(port: server.port)
        try client.send(frame(pattern(10)) + frame(pattern(100)))
        #expect(try client.receiveFrame() == pattern(10))
        #expect(try client.receiveFrame() == pattern(100))
        try client.send(frame(pattern(101)))
        #expect(client.receiveEnd())
    }

    @Test func closingAfterFlushSendsEverythingFirst() throws {
        let server = try TestServer { connection in
            let handler = ScriptedHandler(connection)
            handler.onFrame = { _ in
                connection.answer(pattern(3_000_000))
                connection.close(afterFlush: true)
                connection.answer([1])
                return .consumed
            }
            return handler
        }
        defer { server.stop() }
        let client = try TestClient(port: server.port)
        // What follows the first frame is not delivered any more, nor does it harm the answer.
        try client.send(frame([0]) + frame(pattern(100_000)))
        #expect(try client.receiveFrame() == pattern(3_000_000))
        #expect(client.receiveEnd())
    }

    @Test func aPeerThatDoesNotTakeTheLastOutputIsLeft() throws {
        let closings = Reports<CloseReason>()
        var options = ConnectionOptions()
        options.closeFlushTimeout = .milliseconds(20)
        let server = try TestServer(options: options) { connection in
            let handler = ScriptedHandler(connection)
            handler.onFrame = { _ in
                connection.answer(pattern(50_000_000))
                connection.close(afterFlush: true)
                return .consumed
            }
            handler.onClosed = { closings.report($0) }
            return handler
        }
        defer { server.stop() }
        let client = try TestClient(port: server.port)
        try client.send(frame([0]))
        #expect(closings.next() == .flushTimedOut)
        withExtendedLifetime(client) {}
    }

    @Test func idleConnectionsAreClosed() throws {
        let closings = Reports<CloseReason>()
        var options = ConnectionOptions()
        options.idleTimeout = .milliseconds(50)
        let server = try TestServer(options: options) { EchoHandler($0, closings: closings) }
        defer { server.stop() }
        let client = try TestClient(port: server.port)
        try client.send(frame([1]))
        #expect(try client.receiveFrame() == [1])
        #expect(client.receiveEnd())
        #expect(closings.next() == .idle)
    }

    @Test func aConnectionWithoutAFirstFrameIsClosed() throws {
        let closings = Reports<CloseReason>()
        var options = ConnectionOptions()
        options.firstFrameTimeout = .milliseconds(20)
        let server = try TestServer(options: options) { EchoHandler($0, closings: closings) }
        defer { server.stop() }
        let client = try TestClient(port: server.port)
        #expect(client.receiveEnd())
        #expect(closings.next() == .noFirstFrame)
    }

    /// A peer that sends a byte now and then does not keep a connection open with it; one that is slow but moves does.
    @Test func framesThatComeTooSlowlyAreGivenUp() throws {
        let closings = Reports<CloseReason>()
        var options = ConnectionOptions()
        options.frameProgressTimeout = .milliseconds(100)
        options.frameProgressBytes = 1_000_000
        let server = try TestServer(options: options) { EchoHandler($0, closings: closings) }
        defer { server.stop() }
        let client = try TestClient(port: server.port)
        try client.send([0, 0])
        #expect(client.receiveEnd())
        #expect(closings.next() == .frameStalled)

        // Byte for byte: each arrives, yet they are too few.
        let trickling = try TestClient(port: server.port)
        try trickling.send([UInt8](frame(pattern(2_000_000))[..<1_000]))
        var isOpen = true
        while isOpen {
            isOpen = (try? trickling.send([0])) != nil
            isOpen = try server.ask { $0.connectionCount } > 0 && isOpen
        }
        #expect(closings.next() == .frameStalled)
    }

    @Test func aSlowFrameThatMovesIsTaken() throws {
        var options = ConnectionOptions()
        options.frameProgressTimeout = .seconds(1)
        options.frameProgressBytes = 1
        let server = try TestServer(options: options) { EchoHandler($0) }
        defer { server.stop() }
        let client = try TestClient(port: server.port)
        let bytes = frame(pattern(3_000))
        let begin = MonotonicTime.current()
        var sent = 0
        // Spread over several windows, by the clock of the server's own answers.
        while sent < bytes.count {
            try client.send([bytes[sent]])
            sent += 1
            let target = begin + .microseconds(Int64(sent) * 800)
            while MonotonicTime.current() < target { _ = try server.ask { $0.statistics.ticks } }
        }
        #expect(try client.receiveFrame() == pattern(3_000))
    }

    @Test func aShardThatEndsClosesItsConnections() throws {
        let closings = Reports<CloseReason>()
        let server = try TestServer { EchoHandler($0, closings: closings) }
        let client = try TestClient(port: server.port)
        try client.send(frame([1]))
        #expect(try client.receiveFrame() == [1])
        server.stop()
        #expect(closings.next() == .shardEnded)
        #expect(client.receiveEnd())
        #expect(!server.remote.post { _ in })
    }

    @Test func objectsOfAShardEndWithIt() throws {
        final class Tracker: Sendable {
            let ended: Reports<Int>
            init(_ ended: Reports<Int>) { self.ended = ended }
            deinit { ended.report(1) }
        }
        let ended = Reports<Int>()
        do {
            let server = try TestServer(setUp: { shard in
                let tracker = Tracker(ended)
                shard.onEndOfTick { withExtendedLifetime(tracker) {} }
                shard.schedule(after: .seconds(1_000)) { withExtendedLifetime(tracker) {} }
            }) { EchoHandler($0) }
            server.stop()
        }
        #expect(ended.next() == 1)
    }
}
