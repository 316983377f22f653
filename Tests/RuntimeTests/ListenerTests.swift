import Glibc
import Runtime
import Testing

@Suite struct ListenerTests {
    @Test func servesIPv6() throws {
        let address = try #require(SocketAddress("::1", port: 0))
        let peers = Reports<String>()
        let server = try TestServer(address: address) { connection in
            peers.report("\(connection.peer.hostText) \(connection.local)")
            return EchoHandler(connection)
        }
        defer { server.stop() }
        let client = try TestClient(port: server.port, ipv6: true)
        try client.send(frame([6]))
        #expect(try client.receiveFrame() == [6])
        #expect(peers.next() == "::1 [::1]:\(server.port)")
        #expect(throws: TestClient.Failure.self) { try TestClient(port: server.port) }
    }

    @Test func allAddressesOfAHostShareOnePort() throws {
        try Shard.run { shard in
            defer { shard.stop() }
            do {
                let addresses = try ["127.0.0.1", "::1", "203.0.113.9"].map { try #require(SocketAddress($0, port: 0)) }
                let outcome = try shard.listen(onAll: addresses) { (address) throws(SystemError) in
                    try shard.listen(on: address) { EchoHandler($0) }
                }
                #expect(outcome.listeners.count == 2)
                #expect(Set(outcome.listeners.map(\.localPort)).count == 1)
                #expect(outcome.failures.map(\.code) == [EADDRNOTAVAIL])
                let taken = outcome.listeners[0].localPort
                #expect(throws: SystemError("listen on 127.0.0.1:\(taken)", code: EADDRINUSE)) {
                    try shard.listen(onAll: [.loopback(port: taken)]) { (address) throws(SystemError) in
                        try shard.listen(on: address) { EchoHandler($0) }
                    }
                }
            } catch {
                Issue.record("\(error)")
            }
        }
    }

    /// Two brokers would be behind one port, one for each family.
    @Test(arguments: [["0.0.0.0", "::"], ["::", "0.0.0.0"], ["127.0.0.1", "::1"]])
    func aPortThatIsTakenOnOneAddressIsTakenOnAll(hosts: [String]) throws {
        func addresses(_ port: UInt16) throws -> [SocketAddress] {
            try hosts.map { try #require(SocketAddress($0, port: port)) }
        }
        let other = try ListeningSocket.listen(onAll: [try addresses(0)[0]]).sockets[0]
        let port = other.localAddress.port
        #expect(throws: SystemError("listen on \(other.localAddress)", code: EADDRINUSE)) {
            try ListeningSocket.listen(onAll: addresses(port))
        }
        other.close()
        let sockets = try ListeningSocket.listen(onAll: addresses(port)).sockets
        #expect(sockets.count == 2)
        for socket in sockets { socket.close() }
    }

    @Test func aRefusedConnectionIsClosed() throws {
        let server = try TestServer { _ in nil }
        defer { server.stop() }
        let client = try TestClient(port: server.port)
        #expect(client.receiveEnd())
        #expect(try server.await { $0.connectionsClosed == 1 })
    }

    @Test func tenThousandConnectionsComeAndGo() throws {
        let server = try TestServer { EchoHandler($0) }
        defer { server.stop() }
        for number in 0..<10_000 {
            let client = try TestClient(port: server.port)
            guard number % 100 == 0 else {
                // A reset, so that the client's port is free again at once.
                client.reset()
                continue
            }
            try client.send(frame([1]))
            #expect(try client.receiveFrame() == [1])
            client.reset()
        }
        #expect(try server.await { $0.connectionsClosed == 10_000 })
        #expect(try server.ask { $0.connectionCount } == 0)
        #expect(try server.ask { $0.options.memory.used } == 0)
    }

    @Test func connectionsAreHandedToAnotherShard() throws {
        let adopted = Reports<Int>()
        let ready = try Rendezvous<Mailbox<ConnectionHandoff>>()
        let worker = try Shard.start(name: "worker") { shard in
            ready.put(
                shard.makeMailbox { handoff in
                    do {
                        try shard.adopt(handoff) { connection in
                            adopted.report(connection.shard === shard ? 1 : 0)
                            return EchoHandler(connection)
                        }
                        try shard.adopt(handoff) { _ in
                            adopted.report(-1)
                            return nil
                        }
                    } catch {
                        Issue.record("\(error)")
                    }
                })
        }
        let mailbox = ready.wait()
        let port = try Rendezvous<UInt16>()
        let acceptor = try Shard.start(name: "acceptor") { shard in
            do {
                port.put(try shard.listen(on: .loopback(port: 0), handoff: { mailbox.post($0) }).localPort)
            } catch {
                Issue.record("\(error)")
            }
        }
        let client = try TestClient(port: port.wait())
        try client.send(frame([8]))
        #expect(try client.receiveFrame() == [8])
        #expect(adopted.next() == 1)
        worker.stop()
        worker.join()
        #expect(client.receiveEnd())
        // Nobody can adopt it any more: it is closed.
        let late = try TestClient(port: port.wait())
        #expect(late.receiveEnd())
        acceptor.stop()
        acceptor.join()
    }
}

@Suite struct ConnectingTests {
    @Test func asksAndIsAnswered() throws {
        let server = try TestServer { EchoHandler($0) }
        defer { server.stop() }
        var answers: [[UInt8]] = []
        try Shard.run { shard in
            shard.connect(to: .loopback(port: server.port)) { result in
                guard case .success(let connection) = result else {
                    shard.stop()
                    return nil
                }
                let handler = ScriptedHandler(connection)
                handler.onFrame = { frame in
                    answers.append([UInt8](frame))
                    if answers.count == 2 { connection.close() }
                    return .consumed
                }
                handler.onClosed = { reason in
                    #expect(reason == .closedHere)
                    shard.stop()
                }
                connection.answer([1, 2])
                connection.answer([3])
                return handler
            }
        }
        #expect(answers == [[1, 2], [3]])
    }

    @Test func refusalIsTold() throws {
        let server = try TestServer { EchoHandler($0) }
        server.stop()
        var failure: SystemError?
        try Shard.run { shard in
            shard.connect(to: .loopback(port: server.port)) { result in
                if case .failure(let error) = result { failure = error }
                shard.stop()
                return nil
            }
        }
        #expect(failure == SystemError("connect to 127.0.0.1:\(server.port)", code: ECONNREFUSED))
    }

    /// A listener whose queue is full leaves those who connect without an answer.
    @Test func timeoutAndCancellation() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                #expect(
                    bind(listener, $0, length) == 0 && listen(listener, 0) == 0
                        && getsockname(listener, $0, &length) == 0)
            }
        }
        let port = UInt16(bigEndian: address.sin_port)
        let first = try TestClient(port: port)
        var codes: [Int32] = []
        try Shard.run { shard in
            func attempt() -> ConnectionAttempt {
                shard.connect(to: .loopback(port: port), timeout: .milliseconds(50)) { result in
                    if case .failure(let error) = result { codes.append(error.code) }
                    shard.stop()
                    return nil
                }
            }
            let cancelled = (0..<4).map { _ in attempt() }
            for one in cancelled { one.cancel() }
            _ = attempt()
        }
        #expect(codes == [ETIMEDOUT])
        withExtendedLifetime(first) {}
    }
}
