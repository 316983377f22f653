import Bytes
import Glibc
import Runtime
import Testing

/// An open temporary file without a name.
final class TemporaryFile: Sendable {
    let descriptor: Int32

    init(_ bytes: [UInt8]) {
        var path = Array("/tmp/martlet-test-XXXXXX".utf8CString)
        descriptor = mkstemp(&path)
        precondition(descriptor >= 0)
        unlink(path)
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes { room in
                write(descriptor, room.baseAddress.unsafelyUnwrapped + offset, room.count - offset)
            }
            precondition(count > 0)
            offset += count
        }
    }

    deinit { close(descriptor) }
}

@Suite struct OutputTests {
    @Test func writtenBytesSlicesAndFilesKeepTheirOrder() throws {
        let file = TemporaryFile(pattern(300_000))
        let server = try TestServer { connection in
            let handler = ScriptedHandler(connection)
            handler.onFrame = { _ in
                connection.withOutput { $0.write([1, 2]) }
                connection.send(Buffer(pattern(70_000, seed: 1)).all)
                connection.send(Buffer([]).all)
                connection.withOutput { $0.write([3]) }
                connection.sendFile(file, descriptor: file.descriptor, position: 100, count: 250_000)
                connection.sendFile(file, descriptor: file.descriptor, position: 0, count: 0)
                connection.sendFile(file, descriptor: file.descriptor, position: 299_999, count: 1)
                connection.send(Buffer([4, 5]).all)
                connection.withOutput { $0.write([6]) }
                return .consumed
            }
            return handler
        }
        defer { server.stop() }
        let expected =
            [1, 2] + pattern(70_000, seed: 1) + [3] + pattern(300_000)[100..<250_100] + pattern(300_000)[299_999...]
            + [4, 5, 6]
        let client = try TestClient(port: server.port)
        for _ in 0..<20 {
            try client.send(frame([0]) + frame([0]))
            #expect(try client.receive(2 * expected.count) == expected + expected)
        }
    }

    /// Far more than the sockets hold, to a peer that begins to read late: every write is partial.
    @Test func largeOutputGoesOutInPieces() throws {
        let whole = pattern(30_000_000)
        let file = TemporaryFile(whole)
        let server = try TestServer { connection in
            let handler = ScriptedHandler(connection)
            handler.onFrame = { _ in
                connection.sendFile(file, descriptor: file.descriptor, position: 0, count: 30_000_000)
                connection.withOutput { $0.write(whole) }
                connection.send(Buffer(whole).all)
                return .consumed
            }
            return handler
        }
        defer { server.stop() }
        let client = try TestClient(port: server.port, receiveBuffer: 8_192)
        try client.send(frame([0]))
        #expect(try server.await { $0.bytesSent > 0 })
        for _ in 0..<3 { #expect(try client.receive(30_000_000) == whole) }
    }

    @Test func aFileThatEndsEarlyClosesTheConnection() throws {
        let closings = Reports<CloseReason>()
        let server = try TestServer { connection in
            let handler = ScriptedHandler(connection)
            handler.onFrame = { _ in
                let file = TemporaryFile(pattern(100))
                connection.sendFile(file, descriptor: file.descriptor, position: 0, count: 200)
                return .consumed
            }
            handler.onClosed = { closings.report($0) }
            return handler
        }
        defer { server.stop() }
        let client = try TestClient(port: server.port)
        try client.send(frame([0]))
        #expect(closings.next() == .fileEnded)
    }

    @Test func theOwnerOfAFileIsLetGoWhenItWasSent() throws {
        final class Owner: Sendable {
            let file = TemporaryFile(pattern(10))
            let gone: Reports<Int>
            init(_ gone: Reports<Int>) { self.gone = gone }
            deinit { gone.report(1) }
        }
        let gone = Reports<Int>()
        let server = try TestServer { connection in
            let handler = ScriptedHandler(connection)
            handler.onFrame = { _ in
                let owner = Owner(gone)
                connection.sendFile(owner, descriptor: owner.file.descriptor, position: 0, count: 10)
                return .consumed
            }
            return handler
        }
        defer { server.stop() }
        let client = try TestClient(port: server.port)
        try client.send(frame([0]))
        #expect(try client.receive(10) == pattern(10))
        #expect(gone.next() == 1)
    }

    @Test func whatAThrowingClosureWroteIsTakenBack() throws {
        struct Oops: Error {}
        let server = try TestServer { connection in
            let handler = ScriptedHandler(connection)
            handler.onFrame = { _ in
                connection.withOutput { $0.write([1]) }
                #expect(throws: Oops.self) {
                    try connection.withOutput { writer in
                        writer.write([9, 9, 9])
                        throw Oops()
                    }
                }
                connection.withOutput { $0.write([2]) }
                return .consumed
            }
            return handler
        }
        defer { server.stop() }
        let client = try TestClient(port: server.port)
        try client.send(frame([0]))
        #expect(try client.receive(2) == [1, 2])
    }

    @Test func repliesOfOneTickLeaveInOneWrite() throws {
        let server = try TestServer { EchoHandler($0) }
        defer { server.stop() }
        let client = try TestClient(port: server.port)
        try client.send((0..<100).flatMap { frame([UInt8($0)]) })
        for number in 0..<100 { #expect(try client.receiveFrame() == [UInt8(number)]) }
        let (ticks, writes) = try server.ask { ($0.statistics.ticks, $0.statistics.writes) }
        #expect(writes < 100 && writes <= ticks)
    }
}
