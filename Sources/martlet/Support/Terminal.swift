import CommandLine
import Glibc
import Runtime

/// The process's three streams, and what people may see on them.
struct Terminal {
    let outputStyle: Style
    let errorStyle: Style
    let isOutputInteractive: Bool
    let isErrorInteractive: Bool
    /// Whether what stands on the error stream can be written over, so that progress can be shown there.
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
            isOutputInteractive: isatty(1) == 1, isErrorInteractive: isatty(2) == 1,
            showsProgress: isatty(2) == 1 && environment["TERM"] != "dumb", isInputInteractive: isatty(0) == 1)
    }

    private static func columns() -> Int? {
        var size = winsize()
        guard ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// Writes to the output stream.
    func write(_ text: String) throws(OutputError) { try write(Array(text.utf8)) }

    func write(_ bytes: [UInt8]) throws(OutputError) { try writeAll(1, bytes) }

    /// Writes what the program was asked to say; the status to end with.
    func show(_ text: String) -> ExitCode {
        do throws(OutputError) {
            try write(text)
        } catch .closed {
            return .success
        } catch {
            writeError("\(errorStyle.red("error")): \(error)\n")
            return .failure
        }
        return .success
    }

    /// Writes to the error stream; where that fails there is nobody to tell.
    func writeError(_ text: String) { try? writeAll(2, Array(text.utf8)) }
}

/// Why something could not be written to the output stream.
enum OutputError: Error, Equatable {
    /// Nobody reads it any more, which is no failure.
    case closed
    case failed(SystemError)
}

extension OutputError: CustomStringConvertible {
    var description: String {
        switch self {
        case .closed: "the output is not read any more"
        case .failed(let error): "\(error)"
        }
    }
}

/// Writes all bytes, waiting as long as the reader takes.
private func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) throws(OutputError) {
    try bytes.withUnsafeBufferPointer { (bytes) throws(OutputError) in
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = write(descriptor, UnsafeBufferPointer(rebasing: rest).baseAddress, rest.count)
            if written >= 0 {
                rest = rest.dropFirst(written)
            } else if errno == EAGAIN {
                var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&wanted, 1, -1)
            } else if errno != EINTR {
                let code = errno
                throw code == EPIPE ? OutputError.closed : .failed(SystemError("writing the output", code: code))
            }
        }
    }
}
