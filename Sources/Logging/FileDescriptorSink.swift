import Glibc
import Synchronization

/// Writes lines to a file descriptor, one `write` a line, so that lines of several threads and processes do not mix.
///
/// Who logs never waits for who reads: a line for which a pipe has no room is lost, and counted.
public final class FileDescriptorSink: LogSink {
    public static let standardError = FileDescriptorSink(2)

    private let descriptor: Int32
    private let lost = Atomic<Int>(0)

    /// The descriptor stays its owner's: it is not closed here.
    public init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// Lines that could not be written.
    public var lostLines: Int { lost.load(ordering: .relaxed) }

    public func write(_ line: [UInt8]) {
        if !writeAll(line) { lost.add(1, ordering: .relaxed) }
    }

    private func writeAll(_ line: [UInt8]) -> Bool {
        line.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                guard hasRoom else { return false }
                let written = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if written >= 0 {
                    rest = rest.dropFirst(written)
                } else if errno != EINTR {
                    return false
                }
            }
            return true
        }
    }

    /// A pipe that says so takes 4 KiB at least without blocking.
    private var hasRoom: Bool {
        var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&wanted, 1, 0) == 1 && wanted.revents & Int16(POLLOUT) != 0
    }
}
