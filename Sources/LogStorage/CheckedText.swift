import Records

/// Lines of text with their checksum in a last line of its own, `martlet.checksum=` and the CRC-32C of all before in
/// hexadecimal digits. Text without that line, such as Kafka's own, is read as well.
enum CheckedText {
    static let key = "martlet.checksum"
    private static let mark = Array("\n\(key)=".utf8)
    private static let digitCount = 8

    /// - Parameter text: ends with a line break.
    static func encode(_ text: String) -> [UInt8] {
        let content = Array(text.utf8)
        return content + Array("\(key)=\(hexadecimal(content[...]))\n".utf8)
    }

    /// The text without the checksum; nil where that is not the text's.
    static func decode(_ bytes: [UInt8]) -> ArraySlice<UInt8>? {
        let start = bytes.count - mark.count - digitCount - 1
        guard start >= 0, bytes[start...].starts(with: mark) else { return bytes[...] }
        let content = bytes[...start]
        return bytes[(start + mark.count)...].elementsEqual("\(hexadecimal(content))\n".utf8) ? content : nil
    }

    private static func hexadecimal(_ content: ArraySlice<UInt8>) -> String {
        let digits = String(content.withUnsafeBytes { CRC32C.of($0) }, radix: 16)
        return String(repeating: "0", count: digitCount - digits.utf8.count) + digits
    }
}
