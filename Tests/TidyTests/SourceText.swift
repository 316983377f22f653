/// Swift source taken apart into code and comments. Both keep the length and the line ends of the original; what belongs
/// to the other, and the text of string literals, is blank. Interpolated expressions count as code.
struct SourceText {
    private(set) var code: [UInt8]
    private(set) var comments: [UInt8]
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: String) {
        bytes = Array(text.utf8)
        let blank = bytes.map { $0 == .newline ? $0 : .space }
        code = blank
        comments = blank
        while position < bytes.count { scanCode(untilClosingParenthesis: false) }
    }

    private mutating func scanCode(untilClosingParenthesis nested: Bool) {
        var depth = 0
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "/") where byte(after: 1) == UInt8(ascii: "/"):
                scanLineComment()
                continue
            case UInt8(ascii: "/") where byte(after: 1) == UInt8(ascii: "*"):
                scanBlockComment()
                continue
            case .quote, UInt8(ascii: "#"):
                if scanString() { continue }
            case UInt8(ascii: "("):
                depth += 1
            case UInt8(ascii: ")"):
                depth -= 1
            default:
                break
            }
            code[position] = bytes[position]
            position += 1
            if nested && depth < 0 { return }
        }
    }

    private func byte(after distance: Int) -> UInt8? {
        position + distance < bytes.count ? bytes[position + distance] : nil
    }

    private mutating func scanLineComment() {
        while position < bytes.count, bytes[position] != .newline {
            comments[position] = bytes[position]
            position += 1
        }
    }

    private mutating func scanBlockComment() {
        var depth = 0
        repeat {
            let pair = (bytes[position], byte(after: 1))
            let isOpening = pair == (UInt8(ascii: "/"), UInt8(ascii: "*"))
            let isClosing = pair == (UInt8(ascii: "*"), UInt8(ascii: "/"))
            if isOpening { depth += 1 }
            if isClosing { depth -= 1 }
            for _ in 0..<(isOpening || isClosing ? 2 : 1) where position < bytes.count {
                comments[position] = bytes[position]
                position += 1
            }
        } while depth > 0 && position < bytes.count
    }

    /// Skips the string literal that starts here; false if none does.
    private mutating func scanString() -> Bool {
        var hashes = 0
        while byte(after: hashes) == UInt8(ascii: "#") { hashes += 1 }
        guard byte(after: hashes) == .quote else { return false }
        let isMultiline = byte(after: hashes + 1) == .quote && byte(after: hashes + 2) == .quote
        let quotes = isMultiline ? 3 : 1
        position += hashes + quotes
        while position < bytes.count {
            if follows(.quote, count: quotes, then: hashes) {
                position += quotes + hashes
                return true
            }
            guard bytes[position] == UInt8(ascii: "\\"),
                (0..<hashes).allSatisfy({ byte(after: 1 + $0) == UInt8(ascii: "#") })
            else {
                position += 1
                continue
            }
            let isInterpolation = byte(after: 1 + hashes) == UInt8(ascii: "(")
            position += hashes + 2
            if isInterpolation { scanCode(untilClosingParenthesis: true) }
        }
        return true
    }

    private func follows(_ wanted: UInt8, count: Int, then hashes: Int) -> Bool {
        (0..<count).allSatisfy { byte(after: $0) == wanted }
            && (0..<hashes).allSatisfy { byte(after: count + $0) == UInt8(ascii: "#") }
    }
}

extension UInt8 {
    static let newline = UInt8(ascii: "\n")
    static let space = UInt8(ascii: " ")
    static let quote = UInt8(ascii: "\"")
}
