/// The form of a log line.
public enum LogFormat: String, CaseIterable, Sendable {
    /// `2026-11-25T20:45:56.192Z INFO log: recovered topic=t1 partition=0 end=1000`
    case text
    /// `{"time":"2026-11-25T20:45:56.192Z","level":"info","logger":"log","message":"recovered","topic":"t1",…}`
    case json

    /// One line with its newline. Control characters are escaped, so that no value can forge a line.
    func line(timeMs: Int64, level: LogLevel, label: String, message: String, metadata: LogMetadata) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(128)
        switch self {
        case .text:
            appendTimestamp(timeMs, to: &line)
            line.append(contentsOf: " \(level.name.uppercased()) \(label): ".utf8)
            appendEscaped(message, to: &line, quotes: false)
            for (key, value) in metadata.elements {
                line.append(contentsOf: " \(key)=".utf8)
                appendText(value, to: &line)
            }
        case .json:
            line.append(contentsOf: "{\"time\":\"".utf8)
            appendTimestamp(timeMs, to: &line)
            line.append(contentsOf: "\",\"level\":\"\(level.name)\",\"logger\":".utf8)
            appendQuoted(label, to: &line)
            line.append(contentsOf: ",\"message\":".utf8)
            appendQuoted(message, to: &line)
            for (key, value) in metadata.elements {
                line.append(UInt8(ascii: ","))
                appendQuoted(key, to: &line)
                line.append(UInt8(ascii: ":"))
                appendJSON(value, to: &line)
            }
            line.append(UInt8(ascii: "}"))
        }
        line.append(UInt8(ascii: "\n"))
        return line
    }
}

private func appendText(_ value: LogValue, to line: inout [UInt8]) {
    guard case .string(let text) = value else { return appendJSON(value, to: &line) }
    let isPlain =
        !text.isEmpty
        && text.utf8.allSatisfy { $0 > 32 && $0 != 127 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=") }
    isPlain ? line.append(contentsOf: text.utf8) : appendQuoted(text, to: &line)
}

private func appendJSON(_ value: LogValue, to line: inout [UInt8]) {
    switch value {
    case .string(let text): appendQuoted(text, to: &line)
    case .integer(let number): line.append(contentsOf: String(number).utf8)
    case .double(let number) where number.isFinite: line.append(contentsOf: String(number).utf8)
    case .double(let number): appendQuoted(String(number), to: &line)
    case .bool(let flag): line.append(contentsOf: (flag ? "true" : "false").utf8)
    }
}

private func appendQuoted(_ text: String, to line: inout [UInt8]) {
    line.append(UInt8(ascii: "\""))
    appendEscaped(text, to: &line, quotes: true)
    line.append(UInt8(ascii: "\""))
}

/// JSON's escapes, which people can read too; quotes and backslashes only inside quotes.
private func appendEscaped(_ text: String, to line: inout [UInt8], quotes: Bool) {
    let hexadecimal = Array("0123456789abcdef".utf8)
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            if quotes { line.append(UInt8(ascii: "\\")) }
            line.append(byte)
        case UInt8(ascii: "\n"): line.append(contentsOf: "\\n".utf8)
        case UInt8(ascii: "\r"): line.append(contentsOf: "\\r".utf8)
        case UInt8(ascii: "\t"): line.append(contentsOf: "\\t".utf8)
        case 0..<32, 127:
            line.append(contentsOf: "\\u00".utf8)
            line.append(hexadecimal[Int(byte >> 4)])
            line.append(hexadecimal[Int(byte & 15)])
        default: line.append(byte)
        }
    }
}
