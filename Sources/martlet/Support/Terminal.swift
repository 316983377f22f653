import CommandLine
import Glibc

/// The process's three streams, and what people may see on them.
struct Terminal {
    let outputStyle: Style
    let errorStyle: Style
    /// Whether a person watches the error stream, so that progress can be shown there.
    let showsProgress: Bool
    let isInputInteractive: Bool

    static func current() -> Terminal {
        var environment: [String: String] = [:]
        for name in ["NO_COLOR", "TERM", "COLUMNS"] {
            if let value = getenv(name) { environment[name] = String(cString: value) }
        }
        let width = columns() ?? environment["COLUMNS"].flatMap(Int.init) ?? 80
        return Terminal(
            outputStyle: Style(isTerminal: isatty(1) == 1, environment: environment, width: width),
            errorStyle: Style(isTerminal: isatty(2) == 1, environment: environment, width: width),
            showsProgress: isatty(2) == 1 && environment["TERM"] != "dumb", isInputInteractive: isatty(0) == 1)
    }

    private static func columns() -> Int? {
        var size = winsize()
        guard ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// Writes to the output stream.
    ///
    /// - Returns: false when nobody reads it any more.
    @discardableResult
    func write(_ text: String) -> Bool { writeAll(1, Array(text.utf8)) }

    func writeError(_ text: String) { writeAll(2, Array(text.utf8)) }
}

/// Writes all bytes, waiting as long as the reader takes.
///
/// - Returns: false when nobody reads them any more.
@discardableResult
func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { bytes in
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if written >= 0 {
                rest = rest.dropFirst(written)
            } else if errno == EAGAIN {
                var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&wanted, 1, -1)
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }
}
