import Glibc

/// Writes lines to a file descriptor, one `write` a line, so that lines of several threads and processes do not mix.
public struct FileDescriptorSink: LogSink {
    public static let standardError = FileDescriptorSink(2)

    private let descriptor: Int32

    /// The descriptor stays its owner's: it is not closed here.
    public init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// Retries what an interruption or a full pipe cut off; a line that cannot be written at all is lost.
    public func write(_ line: [UInt8]) {
        line.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let written = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if written >= 0 {
                    rest = rest.dropFirst(written)
                } else if errno == EAGAIN {
                    var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&wanted, 1, 100)
                    if wanted.revents & Int16(POLLOUT) == 0 { return }
                } else if errno != EINTR {
                    return
                }
            }
        }
    }
}
