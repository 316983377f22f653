import Runtime
import Testing

@Suite struct DrainTests {
    @Test func whatIsOwedGoesOutAndNothingElseIsTaken() throws {
        let closings = Reports<CloseReason>()
        let received = Reports<UInt8>()
        let server = try TestServer { connection in
            let handler = ScriptedHandler(connection)
            handler.onFrame = { frame in
                received.report(frame[0])
                return .consumed
            }
            handler.onInputEnded = { connection in
                connection.shard.schedule(after: .milliseconds(5)) {
                    connection.answer([9])
                    connection.close(afterFlush: true)
                }
            }
            handler.onClosed = { closings.report($0) }
            return handler
        }
        let client = try TestClient(port: server.port)
        try client.send(frame([1]))
        #expect(received.next() == 1)
        let done = try Rendezvous<Int>()
        server.remote.post { shard in
            shard.drain(deadline: shard.now + .seconds(20)) { done.put(shard.connectionCount) }
        }
        #expect(try client.receiveFrame() == [9])
        #expect(client.receiveEnd())
        #expect(done.wait() == 0)
        #expect(closings.next() == .drained)
        #expect(throws: TestClient.Failure.self) { try TestClient(port: server.port) }
        server.stop()
    }

    @Test func theDeadlineEndsWhatStays() throws {
        let closings = Reports<CloseReason>()
        let server = try TestServer { connection in
            let handler = ScriptedHandler(connection)
            handler.onInputEnded = { _ in }
            handler.onClosed = { closings.report($0) }
            return handler
        }
        let client = try TestClient(port: server.port)
        #expect(try server.await { $0.connectionsOpened == 1 })
        let done = try Rendezvous<Int>()
        server.remote.post { shard in
            shard.drain(deadline: shard.now + .milliseconds(10)) { done.put(shard.connectionCount) }
        }
        #expect(done.wait() == 0)
        #expect(closings.next() == .drained)
        #expect(client.receiveEnd())
        server.stop()
    }

    @Test func aShardWithoutConnectionsDrainsAtOnce() throws {
        var hasDrained = false
        try Shard.run { shard in
            shard.drain(deadline: .distantFuture) {
                hasDrained = true
                shard.stop()
            }
        }
        #expect(hasDrained)
    }
}
