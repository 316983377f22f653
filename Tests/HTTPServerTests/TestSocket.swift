import Glibc

/// A blocking connection to a server under test; every read gives up after ten seconds.
final class TestSocket {
    private let descriptor: Int32
    private var received: [UInt8] = []

    struct Failure: Error { let what: String }

    init(port: UInt16, isIPv6: Bool = false) throws {
        descriptor = socket(isIPv6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let result: Int32
        if isIPv6 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            address.sin6_addr = in6addr_loopback
            result = connect(&address)
        } else {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            result = connect(&address)
        }
        guard result == 0 else { throw Failure(what: "connect: \(errno)") }
    }

    private func connect<Address>(_ address: inout Address) -> Int32 {
        withUnsafeBytes(of: &address) { bytes in
            guard let start = bytes.baseAddress else { return -1 }
            return Glibc.connect(descriptor, start.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
    }

    deinit { close(descriptor) }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { throw Failure(what: "send: \(errno)") }
            rest = rest.dropFirst(count)
        }
    }

    /// Reads on; false at the end of the stream.
    private func receive() throws -> Bool {
        var room = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &room, room.count, 0)
        if count < 0 {
            if errno == ECONNRESET { return false }
            throw Failure(what: "recv: \(errno)")
        }
        received.append(contentsOf: room[..<count])
        return count > 0
    }

    struct Response {
        var status = 0
        var headers: [String: String] = [:]
        var body: [UInt8] = []

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    /// The next response; its body by length or in chunks.
    func response(toHead: Bool = false) throws -> Response {
        while range(of: "\r\n\r\n") == nil {
            guard try receive() else { throw Failure(what: "the connection ended before a response") }
        }
        guard let end = range(of: "\r\n\r\n") else { throw Failure(what: "no header") }
        let head = String(decoding: received[..<end], as: UTF8.self).split(separator: "\r\n")
        received.removeFirst(end + 4)
        var response = Response()
        response.status = head.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        for line in head.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            response.headers[line[..<colon].lowercased()] = String(line[colon...].dropFirst().drop { $0 == " " })
        }
        if toHead { return response }
        if response.headers["transfer-encoding"] == "chunked" {
            while true {
                let size = Int(try line(), radix: 16) ?? 0
                response.body += try take(size)
                _ = try line()
                if size == 0 { return response }
            }
        }
        response.body = try take(response.headers["content-length"].flatMap { Int($0) } ?? 0)
        return response
    }

    /// One chunk of a body that is being streamed.
    func chunk() throws -> [UInt8] {
        let size = Int(try line(), radix: 16) ?? 0
        let bytes = try take(size)
        _ = try line()
        return bytes
    }

    private func range(of text: String) -> Int? {
        let wanted = Array(text.utf8)
        guard received.count >= wanted.count else { return nil }
        return (0...received.count - wanted.count).first { received[$0..<$0 + wanted.count].elementsEqual(wanted) }
    }

    private func line() throws -> String {
        while true {
            if let end = range(of: "\r\n") {
                defer { received.removeFirst(end + 2) }
                return String(decoding: received[..<end], as: UTF8.self)
            }
            guard try receive() else { throw Failure(what: "the connection ended within a line") }
        }
    }

    private func take(_ count: Int) throws -> [UInt8] {
        while received.count < count {
            guard try receive() else { throw Failure(what: "the connection ended within a body") }
        }
        defer { received.removeFirst(count) }
        return Array(received[..<count])
    }

    /// Whether the server closes the connection, with nothing more to say.
    func isClosedByServer() throws -> Bool { try !receive() }
}
