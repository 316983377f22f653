import Runtime
import Testing

@Suite struct FramingTests {
    /// Three frames in one stream, cut at each byte.
    @Test func everySplitOfFramesArrivesWhole() throws {
        let server = try TestServer { EchoHandler($0) }
        defer { server.stop() }
        let payloads = [pattern(5), [], pattern(17, seed: 9)]
        let stream = payloads.flatMap(frame)
        let client = try TestClient(port: server.port)
        for (round, cut) in (0...stream.count).enumerated() {
            try client.send([UInt8](stream[..<cut]))
            // The server must have read the first part before the second is sent.
            let received = round * stream.count + cut
            #expect(try server.await { $0.bytesReceived == received })
            try client.send([UInt8](stream[cut...]))
            for payload in payloads { #expect(try client.receiveFrame() == payload) }
        }
    }

    @Test func oneByteAtATime() throws {
        let server = try TestServer { EchoHandler($0) }
        defer { server.stop() }
        let client = try TestClient(port: server.port)
        let stream = frame(pattern(40)) + frame(pattern(3))
        for (index, byte) in stream.enumerated() {
            try client.send([byte])
            #expect(try server.await { $0.bytesReceived == index + 1 })
        }
        #expect(try client.receiveFrame() == pattern(40))
        #expect(try client.receiveFrame() == pattern(3))
    }

    @Test(arguments: [1_000, 65_536, 1_048_576, 12_345_678])
    func largeFramesComeWhole(size: Int) throws {
        let server = try TestServer { EchoHandler($0) }
        defer { server.stop() }
        let client = try TestClient(port: server.port)
        let payload = pattern(size)
        // The echo of a large frame does not fit the sockets: it must be read while it is sent.
        let sender = try Background {
            try client.send(frame(payload) + frame(payload) + frame([7]))
        }
        #expect(try client.receiveFrame() == payload)
        #expect(try client.receiveFrame() == payload)
        #expect(try client.receiveFrame() == [7])
        try sender.finish()
    }
}
