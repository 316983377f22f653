import Bytes
import Glibc
import Testing

@testable import Runtime

@Suite struct BackPressureTests {
    /// A peer that asks and does not read: it is not read from either, and what waits for it stays within limits.
    @Test func aPeerThatDoesNotReadIsNotReadFrom() throws {
        let answer = pattern(100_000)
        let drained = Reports<Int>()
        let server = try TestServer { connection in
            let handler = ScriptedHandler(connection)
            handler.onFrame = { _ in
                connection.answer(answer)
                return .consumed
            }
            handler.onOutputDrained = { drained.report($0.pendingOutputBytes) }
            return handler
        }
        defer { server.stop() }
        let client = try TestClient(port: server.port)
        let count = 2_000
        let sender = try Background {
            let request = frame(pattern(1_000))
            for _ in 0..<count { try client.send(request) }
        }
        // The output has reached its limit when nothing more is received though the sockets of the peer are full of it.
        #expect(try server.await { $0.framesReceived > 10 })
        let (received, most) = try server.untilNothingIsServed()
        #expect(received < 200)
        #expect(most < 2 << 20)
        for _ in 0..<count { #expect(try client.receiveFrame().count == answer.count) }
        try sender.finish()
        #expect(drained.next() != nil)
        #expect(try server.ask { $0.options.memory.used } == 0)
    }

    /// Many peers inside frames that together exceed the budget: reading stops, yet each of them gets through.
    @Test func unfinishedFramesBeyondTheBudgetGetThrough() throws {
        var shard = ShardOptions()
        shard.memory = MemoryBudget(limit: 2 << 20)
        shard.scratchBytes = 64 << 10
        let server = try TestServer(shard: shard) { connection in
            let handler = ScriptedHandler(connection)
            handler.onFrame = { frame in
                connection.answer([frame.reduce(0, &+)])
                return .consumed
            }
            return handler
        }
        defer { server.stop() }
        let payload = pattern(1 << 20)
        let sum = payload.reduce(0, &+)
        let clients = try (0..<12).map { _ in try TestClient(port: server.port) }
        // All begin a frame, so that none can finish within the budget by luck of the order.
        let bytes = frame(payload)
        for client in clients { try client.send([UInt8](bytes[..<100_000])) }
        #expect(try server.await { $0.bytesReceived == 1_200_000 })
        let rest = [UInt8](bytes[100_000...])
        let peers = try clients.map { client in
            try Background {
                try client.send(rest)
                guard try client.receiveFrame() == [sum] else { throw TestClient.Failure(description: "wrong sum") }
                for _ in 0..<3 {
                    try client.send(bytes)
                    guard try client.receiveFrame() == [sum] else { throw TestClient.Failure(description: "wrong sum") }
                }
            }
        }
        for peer in peers { try peer.finish() }
        #expect(try server.ask { $0.statistics.starvations } > 0)
        #expect(try server.ask { $0.options.memory.used } == 0)
    }

    /// Who may own more than the budget, and gives its frame up, does not keep others waiting while it is owed an answer.
    @Test func aFrameThatIsGivenUpLeavesTheOverdraftToOthers() throws {
        var shard = ShardOptions()
        shard.memory = MemoryBudget(limit: 1 << 20)
        shard.scratchBytes = 64 << 10
        let inputEnds = Reports<Bool>()
        let server = try TestServer(shard: shard) { connection in
            let handler = ScriptedHandler(connection)
            handler.onFrame = { frame in
                connection.answer([frame.reduce(0, &+)])
                return .consumed
            }
            handler.onInputEnded = { _ in inputEnds.report(true) }
            return handler
        }
        defer { server.stop() }
        let payload = pattern(16 << 20)
        let (bytes, sum) = (frame(payload), payload.reduce(0, &+))
        let first = try TestClient(port: server.port)
        try first.send([UInt8](bytes[..<10_000_000]))
        #expect(try server.await { $0.bytesReceived == 10_000_000 })
        #expect(try server.ask { $0.options.memory.used } > 1 << 20)
        let others = try (0..<2).map { _ in try TestClient(port: server.port) }
        let senders = try others.map { other in try Background { try other.send(bytes) } }
        #expect(try server.await { $0.starvations > 0 })
        shutdown(first.descriptor, Int32(SHUT_WR))
        #expect(inputEnds.next() == true)
        for other in others { #expect(try other.receiveFrame() == [sum]) }
        for sender in senders { try sender.finish() }
    }

    /// What is written to a connection that has closed, or taken back, is in no budget: a large buffer of it is not kept.
    @Test func largeBuffersOfAnswersThatNobodyGetsAreNotKept() throws {
        let server = try TestServer { connection in
            let handler = ScriptedHandler(connection)
            handler.onFrame = { frame in
                let answer = [UInt8](repeating: 1, count: 8 << 20)
                if frame.first == 1 {
                    connection.close()
                    connection.answer(answer)
                } else {
                    connection.withOutput { writer in
                        let start = writer.count
                        writer.write(answer)
                        writer.truncate(to: start)
                    }
                    connection.answer([7])
                }
                return .consumed
            }
            return handler
        }
        defer { server.stop() }
        for first: UInt8 in [0, 1] {
            let client = try TestClient(port: server.port)
            try client.send(frame([first]))
            if first == 0 {
                #expect(try client.receiveFrame() == [7])
                client.finishSending()
            }
            #expect(client.receiveEnd())
        }
        #expect(try server.await { $0.connectionsClosed == 2 })
        let kept = try server.ask { shard in
            (shard.outputBuffers + [shard.discarded].compactMap { $0 }).map { $0.writer.capacity }.max() ?? 0
        }
        #expect(kept <= 512 << 10)
    }

    /// Peers that do not take their output use the budget up; others are served all the same.
    @Test func smallRequestsAreServedBeyondTheBudget() throws {
        var shard = ShardOptions()
        shard.memory = MemoryBudget(limit: 1 << 20)
        let answer = pattern(500_000)
        let server = try TestServer(shard: shard) { connection in
            let handler = ScriptedHandler(connection)
            handler.onFrame = { frame in
                connection.answer(frame.count == 1 ? [frame[0]] : answer)
                return .consumed
            }
            return handler
        }
        defer { server.stop() }
        let deaf = try (0..<5).map { _ in try TestClient(port: server.port, receiveBuffer: 4_096) }
        var rounds = 0
        // Output counts before the socket has taken what it can: only what stays is what the deaf have not taken.
        func isUsedUp() throws -> Bool {
            try (0..<20).allSatisfy { _ in try server.ask { $0.options.memory.used } > 1 << 20 }
        }
        while try !isUsedUp(), rounds < 1_000 {
            for client in deaf { try client.send(frame([1, 2])) }
            rounds += 1
        }
        #expect(try server.ask { $0.options.memory.used } > 1 << 20)
        for _ in 0..<3 {
            let client = try TestClient(port: server.port)
            for number in 0..<100 {
                try client.send(frame([UInt8(number)]))
                #expect(try client.receiveFrame() == [UInt8(number)])
            }
        }
        // Each of the deaf may be over its high-water mark by one answer.
        let most = deaf.count * (ConnectionOptions().outputHighWater + answer.count) + (1 << 20)
        #expect(try server.ask { $0.options.memory.used } <= most)
    }

    /// Beyond the budget each of many peers that do not take their output gets one more answer, however much it asks.
    @Test func beyondTheBudgetOneAnswerWaitsAtATime() throws {
        var shard = ShardOptions()
        shard.memory = MemoryBudget(limit: 1 << 20)
        let (large, small) = (pattern(4 << 20), pattern(60_000))
        let server = try TestServer(shard: shard) { connection in
            let handler = ScriptedHandler(connection)
            handler.onFrame = { frame in
                connection.answer(frame.count == 1 ? large : small)
                return .consumed
            }
            return handler
        }
        defer { server.stop() }
        let first = try TestClient(port: server.port, receiveBuffer: 4_096)
        try first.send(frame([1]))
        #expect(try server.await { $0.framesReceived == 1 })
        let before = try server.ask { $0.options.memory.used }
        #expect(before > 1 << 20)
        let deaf = try (0..<20).map { _ in try TestClient(port: server.port, receiveBuffer: 4_096) }
        let requests = Array(repeating: frame([1, 2]), count: 100).flatMap(\.self)
        for client in deaf { try client.send(requests) }
        let (served, most) = try server.untilNothingIsServed()
        #expect(served < 1 + deaf.count * 100)
        // An answer, in a buffer that may be twice as large, and the requests behind it.
        #expect(most - before <= deaf.count * (2 * 65_536 + requests.count))
        for client in deaf {
            for _ in 0..<100 { #expect(try client.receiveFrame().count == small.count) }
        }
        #expect(try first.receiveFrame().count == large.count)
        #expect(try server.ask { $0.options.memory.used } == 0)
    }

    /// A peer that announces much and sends little gets little memory.
    @Test func memoryFollowsWhatArrives() throws {
        let server = try TestServer { EchoHandler($0) }
        defer { server.stop() }
        let client = try TestClient(port: server.port)
        try client.send([0x05, 0xF5, 0xE1, 0x00])
        #expect(try server.await { $0.bytesReceived == 4 })
        #expect(try server.ask { $0.options.memory.used } <= 4 + 16 << 10)
        try client.send(pattern(1_000_000))
        #expect(try server.await { $0.bytesReceived == 1_000_004 })
        #expect(try server.ask { $0.options.memory.used } <= 2 * 1_000_004 + 16 << 10)
    }
}

/// In processes of their own, as they are about limits of the process.
@Suite struct ProcessLimitTests {
    @Test func fiveThousandIdleConnections() async throws {
        let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
            ProcessSetup.raiseDescriptorLimit()
            let server = try TestServer { EchoHandler($0) }
            func resident() throws -> Int {
                try server.ask { _ in
                    var usage = [UInt8](repeating: 0, count: 200)
                    let file = open("/proc/self/statm", O_RDONLY)
                    defer { close(file) }
                    let count = read(file, &usage, usage.count)
                    let fields = String(decoding: usage[..<max(0, count)], as: UTF8.self).split(separator: " ")
                    return (Int(fields[1]) ?? 0) * 4_096
                }
            }
            let first = try TestClient(port: server.port)
            try first.send(frame(pattern(1_000)))
            _ = try first.receiveFrame()
            let before = try resident()
            var clients: [TestClient] = []
            clients.reserveCapacity(5_000)
            for _ in 0..<5_000 {
                let client = try TestClient(port: server.port)
                try client.send(frame(pattern(1_000)))
                _ = try client.receiveFrame()
                clients.append(client)
            }
            let after = try resident()
            print(
                "5,000 idle connections: \((after - before) / 5_000) bytes each (both ends), \(after >> 20) MiB resident"
            )
            #expect(try server.ask { $0.connectionCount } == 5_001)
            #expect(try server.ask { $0.options.memory.used } == 0)
            #expect(after - before < 100 << 20)
            // All of them are still served.
            for client in clients {
                try client.send(frame([1]))
                #expect(try client.receiveFrame() == [1])
            }
            server.stop()
        }
        print(String(decoding: result?.standardOutputContent ?? [], as: UTF8.self))
    }

    @Test func descriptorExhaustionIsSurvived() async {
        await #expect(processExitsWith: .success) {
            let events = Reports<String>()
            let server = try TestServer(setUp: { shard in
                shard.onEvent = { event in
                    switch event {
                    case .acceptingPaused(_, let error): events.report("paused \(error.code)")
                    case .acceptingResumed: events.report("resumed")
                    case .acceptFailed(_, let error): events.report("failed \(error)")
                    }
                }
            }) { EchoHandler($0) }
            var first: TestClient? = try TestClient(port: server.port)
            try first?.send(frame([1]))
            #expect(try first?.receiveFrame() == [1])
            let clients = try (0..<50).map { _ in try TestClient() }
            // What is free is taken, so that the server finds no descriptor for any of them.
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            limit.rlim_cur = min(limit.rlim_cur, 512)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            var fillers: [Int32] = []
            while case let filler = dup(0), filler >= 0 { fillers.append(filler) }
            for client in clients { try client.connect(port: server.port) }
            #expect(events.next() == "paused \(EMFILE)")
            // Who is there is served meanwhile.
            try first?.send(frame([2]))
            #expect(try first?.receiveFrame() == [2])
            // Two descriptors become free: the client's end and the server's.
            first = nil
            #expect(events.next() == "resumed")
            #expect(events.next() == "paused \(EMFILE)")
            for filler in fillers { close(filler) }
            #expect(events.next() == "resumed")
            for client in clients {
                try client.send(frame([3]))
                #expect(try client.receiveFrame() == [3])
            }
            server.stop()
        }
    }
}
