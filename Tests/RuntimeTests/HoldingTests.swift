import Bytes
import Runtime
import Testing

@Suite struct HoldingTests {
    /// Every frame is held once; a deadline resumes.
    @Test(arguments: [1, 5, 100_000])
    func heldFramesComeAgainInOrder(size: Int) throws {
        let server = try TestServer { connection in
            let handler = ScriptedHandler(connection)
            var wasHeld = false
            handler.onFrame = { frame in
                if !wasHeld {
                    wasHeld = true
                    connection.shard.schedule(after: .milliseconds(1)) { connection.resume() }
                    return .hold
                }
                wasHeld = false
                connection.answer([UInt8](frame))
                return .consumed
            }
            return handler
        }
        defer { server.stop() }
        let client = try TestClient(port: server.port)
        let sender = try Background {
            for number in 0..<30 { try client.send(frame(pattern(size, seed: number))) }
        }
        for number in 0..<30 { #expect(try client.receiveFrame() == pattern(size, seed: number)) }
        try sender.finish()
    }

    @Test func resumingBeforeHoldingDeliversAgain() throws {
        let server = try TestServer { connection in
            let handler = ScriptedHandler(connection)
            var deliveries = 0
            handler.onFrame = { frame in
                deliveries += 1
                if deliveries < 3 {
                    connection.resume()
                    return .hold
                }
                connection.answer([UInt8(deliveries)])
                return .consumed
            }
            return handler
        }
        defer { server.stop() }
        let client = try TestClient(port: server.port)
        try client.send(frame([1]) + frame([2]))
        #expect(try client.receiveFrame() == [3])
        #expect(try client.receiveFrame() == [4])
    }

    /// While a frame is held nothing is read, so the peer's sockets fill up and stay so.
    @Test func nothingIsReadWhileAFrameIsHeld() throws {
        let server = try TestServer { connection in
            let handler = ScriptedHandler(connection)
            var isReleased = false
            handler.onFrame = { frame in
                if !isReleased {
                    isReleased = true
                    connection.shard.schedule(after: .milliseconds(50)) { connection.resume() }
                    return .hold
                }
                connection.answer([frame[0]])
                return .consumed
            }
            return handler
        }
        defer { server.stop() }
        let client = try TestClient(port: server.port)
        let sender = try Background {
            for number in 0..<20 { try client.send(frame([UInt8(number)] + pattern(1_000_000))) }
        }
        for number in 0..<20 { #expect(try client.receiveFrame() == [UInt8(number)]) }
        try sender.finish()
    }

    @Test func throttledConnectionsWaitWithWhatTheySent() throws {
        let server = try TestServer { connection in
            let handler = ScriptedHandler(connection)
            var allowedFrom = connection.shard.now
            handler.onFrame = { frame in
                let shard = connection.shard
                connection.answer([shard.now >= allowedFrom ? 1 : 0])
                allowedFrom = shard.now + .milliseconds(5)
                connection.pauseReading(until: allowedFrom)
                // An earlier end does not shorten the pause.
                connection.pauseReading(until: shard.now + .milliseconds(1))
                return .consumed
            }
            return handler
        }
        defer { server.stop() }
        let client = try TestClient(port: server.port)
        for _ in 0..<10 { try client.send(frame([0])) }
        for _ in 0..<10 { #expect(try client.receiveFrame() == [1]) }
    }

    /// A frame's bytes may be changed until the tick ends, also when the connection is gone by then.
    @Test func bytesStayUntilTheEndOfTheTick() throws {
        let sums = Reports<Int>()
        let server = try TestServer { connection in
            let handler = ScriptedHandler(connection)
            var staged: [UnsafeMutableRawBufferPointer] = []
            handler.onFrame = { frame in
                staged.append(frame)
                if frame.count == 3 { connection.close(afterFlush: false) }
                return .consumed
            }
            connection.shard.onEndOfTick {
                for bytes in staged {
                    bytes[0] = 1
                    sums.report(bytes.reduce(0) { $0 + Int($1) })
                }
                staged = []
            }
            return handler
        }
        defer { server.stop() }
        let client = try TestClient(port: server.port)
        let ones = [UInt8](repeating: 1, count: 200_000)
        let sender = try Background {
            try client.send(frame(ones) + frame(ones) + frame([0, 1, 1]))
        }
        for sum in [200_000, 200_000, 3] { #expect(sums.next() == sum) }
        try sender.finish()
    }
}
