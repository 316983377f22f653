import Bytes
import Glibc
import Runtime
import Testing

/// Stands for TLS: it changes every byte, keeps input of its own, says nothing before the peer's greeting, and now and then
/// wants the other direction first.
final class MaskingTransport: SecureTransport {
    static let greeting: UInt8 = 0x55
    static let mask: UInt8 = 0xA7

    private let descriptor: Int32
    private var decoded: [UInt8] = []
    private var isGreeted = false
    private var calls = 0

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    var hasBufferedInput: Bool { !decoded.isEmpty }

    private func fill() -> TransportResult? {
        var bytes = [UInt8](repeating: 0, count: 5_000)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        if count == 0 { return .ended }
        if count < 0 { return errno == EAGAIN ? .wantsInput : .failed(errno) }
        var received = bytes[..<count]
        if !isGreeted {
            guard received.popFirst() == MaskingTransport.greeting else { return .failed(EPROTO) }
            isGreeted = true
        }
        decoded += received.map { $0 ^ MaskingTransport.mask }
        return nil
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> TransportResult {
        calls += 1
        if calls % 5 == 0 { return .wantsOutput }
        if decoded.isEmpty, let result = fill() { return result }
        guard !decoded.isEmpty else { return .wantsInput }
        let count = min(decoded.count, buffer.count, 700)
        buffer.copyBytes(from: decoded[..<count])
        decoded.removeFirst(count)
        return .bytes(count)
    }

    func write(_ bytes: UnsafeRawBufferPointer) -> TransportResult {
        calls += 1
        if !isGreeted {
            if let result = fill() { return result }
        }
        if calls % 7 == 0 { return .wantsOutput }
        let masked = bytes.prefix(9_000).map { $0 ^ MaskingTransport.mask }
        let count = Glibc.send(descriptor, masked, masked.count, Int32(MSG_NOSIGNAL))
        if count > 0 { return .bytes(count) }
        return errno == EAGAIN ? .wantsOutput : .failed(errno)
    }

    func finish() {
        var byte = MaskingTransport.greeting
        _ = Glibc.send(descriptor, &byte, 1, Int32(MSG_NOSIGNAL))
    }
}

@Suite struct TransportTests {
    private func masked(_ bytes: [UInt8]) -> [UInt8] { bytes.map { $0 ^ MaskingTransport.mask } }

    @Test func framesAndFilesGoThroughASecureLayer() throws {
        let file = TemporaryFile(pattern(500_000))
        var options = ConnectionOptions()
        options.secureTransport = { MaskingTransport($0) }
        let server = try TestServer(options: options) { connection in
            let handler = ScriptedHandler(connection)
            // Before the greeting: output waits for input.
            connection.withOutput { $0.write([42]) }
            handler.onFrame = { frame in
                connection.withOutput { writer in
                    writer.write(Int32(frame.count))
                    writer.write(UnsafeRawBufferPointer(frame))
                }
                connection.sendFile(file, descriptor: file.descriptor, position: 1, count: 499_999)
                return .consumed
            }
            return handler
        }
        defer { server.stop() }
        let client = try TestClient(port: server.port)
        #expect(try server.await { $0.connectionsOpened == 1 })
        try client.send([MaskingTransport.greeting])
        #expect(try client.receive(1) == masked([42]))
        for size in [0, 10, 3_000, 200_000] {
            let payload = pattern(size)
            let sender = try Background { try client.send(frame(payload).map { $0 ^ MaskingTransport.mask }) }
            #expect(try client.receive(4 + size) == masked(frame(payload)))
            #expect(try client.receive(499_999) == masked([UInt8](pattern(500_000)[1...])))
            try sender.finish()
        }
        client.finishSending()
        #expect(try client.receive(1) == [MaskingTransport.greeting])
        #expect(client.receiveEnd())
    }

    @Test func aFailingLayerClosesTheConnection() throws {
        let closings = Reports<CloseReason>()
        var options = ConnectionOptions()
        options.secureTransport = { MaskingTransport($0) }
        let server = try TestServer(options: options) { EchoHandler($0, closings: closings) }
        defer { server.stop() }
        let client = try TestClient(port: server.port)
        try client.send([1, 2, 3])
        #expect(closings.next() == .failed(EPROTO))
        #expect(client.receiveEnd())
    }
}
