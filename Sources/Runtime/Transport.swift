import Glibc

/// What became of a read or a write.
public enum TransportResult: Equatable, Sendable {
    /// So many bytes were moved, at least one.
    case bytes(Int)
    /// Nothing can be moved until the socket is readable.
    case wantsInput
    /// Nothing can be moved until the socket is writable.
    case wantsOutput
    /// The peer has finished sending.
    case ended
    /// The connection is unusable; an `errno` number (EPROTO for a fault of the secure layer itself).
    case failed(Int32)
}

/// A layer between a connection and its socket that changes the bytes, as TLS does. It owns what it needs of the peer's
/// and its own state, works on a non-blocking descriptor that the connection owns, and shakes hands within its first
/// reads and writes. Only the connection's shard calls it.
public protocol SecureTransport: AnyObject {
    func read(into buffer: UnsafeMutableRawBufferPointer) -> TransportResult
    /// May take a part of the bytes. After `wantsInput` or `wantsOutput` it is called again with the same bytes.
    func write(_ bytes: UnsafeRawBufferPointer) -> TransportResult
    /// Bytes that can be read without the socket becoming readable.
    var hasBufferedInput: Bool { get }
    /// Tells the peer that nothing follows, without waiting for it.
    func finish()
}

/// How a connection's bytes travel.
enum Transport {
    case plaintext
    case secure(any SecureTransport)

    /// Reads into the pieces in order; a secure layer fills the first one only.
    func read(_ descriptor: Int32, _ pieces: UnsafeMutablePointer<iovec>, _ count: Int32) -> TransportResult {
        switch self {
        case .plaintext:
            while true {
                let moved =
                    count == 1
                    ? recv(descriptor, pieces[0].iov_base, pieces[0].iov_len, 0) : readv(descriptor, pieces, count)
                if moved > 0 { return .bytes(moved) }
                if moved == 0 { return .ended }
                if errno == EAGAIN { return .wantsInput }
                if errno != EINTR { return .failed(errno) }
            }
        case .secure(let layer):
            return layer.read(into: UnsafeMutableRawBufferPointer(start: pieces[0].iov_base, count: pieces[0].iov_len))
        }
    }

    /// Writes the pieces; `more` says that other bytes follow at once.
    func write(
        _ descriptor: Int32, _ pieces: UnsafeMutablePointer<iovec>, _ count: Int, more: Bool
    ) -> TransportResult {
        switch self {
        case .plaintext:
            let flags = Int32(MSG_NOSIGNAL) | (more ? Int32(MSG_MORE) : 0)
            while true {
                let moved: Int
                if count == 1 {
                    moved = send(descriptor, pieces[0].iov_base, pieces[0].iov_len, flags)
                } else {
                    var message = msghdr()
                    message.msg_iov = pieces
                    message.msg_iovlen = count
                    moved = sendmsg(descriptor, &message, flags)
                }
                if moved > 0 { return .bytes(moved) }
                if moved == 0 || errno == EAGAIN { return .wantsOutput }
                if errno != EINTR { return .failed(errno) }
            }
        case .secure(let layer):
            return layer.write(UnsafeRawBufferPointer(start: pieces[0].iov_base, count: pieces[0].iov_len))
        }
    }

    /// Whether the kernel may put a file's bytes on the socket itself.
    var allowsSendFile: Bool {
        if case .plaintext = self { true } else { false }
    }

    var hasBufferedInput: Bool {
        if case .secure(let layer) = self { layer.hasBufferedInput } else { false }
    }
}
