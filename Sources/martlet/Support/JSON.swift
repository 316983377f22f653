/// A JSON value as it stands in a line: numbers and nested values keep their text, so that nothing is lost or reformatted.
enum JSON: Equatable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSON], text: [UInt8])
    case object([Member], text: [UInt8])

    struct Member: Equatable {
        let name: String
        let value: JSON
    }

    /// Reads one value that fills `bytes`.
    init(_ bytes: [UInt8]) throws(JSONError) {
        var reader = JSONReader(bytes: bytes)
        self = try reader.value(depth: 0)
        try reader.end()
    }

    /// The bytes to store for this value: a string's own, and any other value's JSON text. Null has none.
    var storedBytes: [UInt8]? {
        switch self {
        case .null: nil
        case .bool(let flag): Array((flag ? "true" : "false").utf8)
        case .number(let text): Array(text.utf8)
        case .string(let text): Array(text.utf8)
        case .array(_, let text), .object(_, let text): text
        }
    }
}

/// Where a text stops being JSON.
struct JSONError: Error, Equatable, CustomStringConvertible {
    let message: String
    /// From 1, in bytes.
    let column: Int

    var description: String { "\(message) at column \(column)" }
}

private struct JSONReader {
    /// Values within values that are read before it is taken for an attack.
    private static let maximumDepth = 64

    let bytes: [UInt8]
    private var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func end() throws(JSONError) {
        skipSpace()
        guard position == bytes.count else { throw error("something follows the value") }
    }

    mutating func value(depth: Int) throws(JSONError) -> JSON {
        guard depth < JSONReader.maximumDepth else { throw error("values are nested too deeply") }
        skipSpace()
        let start = position
        switch peek {
        case UInt8(ascii: "{"):
            let members = try object(depth)
            return .object(members, text: Array(bytes[start..<position]))
        case UInt8(ascii: "["):
            let elements = try array(depth)
            return .array(elements, text: Array(bytes[start..<position]))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func object(_ depth: Int) throws(JSONError) -> [JSON.Member] {
        position += 1
        var members: [JSON.Member] = []
        skipSpace()
        if take("}") { return members }
        repeat {
            skipSpace()
            guard peek == UInt8(ascii: "\"") else { throw error("a name in quotes is missing") }
            let name = try string()
            skipSpace()
            guard take(":") else { throw error("a colon is missing") }
            members.append(JSON.Member(name: name, value: try value(depth: depth + 1)))
            skipSpace()
        } while take(",")
        guard take("}") else { throw error("'}' is missing") }
        return members
    }

    private mutating func array(_ depth: Int) throws(JSONError) -> [JSON] {
        position += 1
        var elements: [JSON] = []
        skipSpace()
        if take("]") { return elements }
        repeat {
            elements.append(try value(depth: depth + 1))
            skipSpace()
        } while take(",")
        guard take("]") else { throw error("']' is missing") }
        return elements
    }

    private mutating func string() throws(JSONError) -> String {
        position += 1
        var text: [UInt8] = []
        while let byte = peek {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let valid = String(validating: text, as: UTF8.self) else { throw error("a string is not UTF-8") }
                return valid
            case UInt8(ascii: "\\"): try escape(into: &text)
            case 0..<32: throw error("a control character stands in a string")
            default: text.append(byte)
            }
        }
        throw error("a string does not end")
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONError) {
        guard let byte = peek else { throw error("a string does not end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(8)
        case UInt8(ascii: "f"): text.append(12)
        case UInt8(ascii: "n"): text.append(10)
        case UInt8(ascii: "r"): text.append(13)
        case UInt8(ascii: "t"): text.append(9)
        case UInt8(ascii: "u"):
            guard let scalar = Unicode.Scalar(try codePoint()) else { throw error("half of a surrogate pair") }
            text.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
        default: throw error("an escape that JSON does not have")
        }
    }

    private mutating func codePoint() throws(JSONError) -> UInt32 {
        let first = try hexadecimal()
        guard first >= 0xD800, first < 0xDC00 else { return first }
        guard take("\\"), take("u") else { throw error("half of a surrogate pair") }
        let second = try hexadecimal()
        guard second >= 0xDC00, second < 0xE000 else { throw error("half of a surrogate pair") }
        return 0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)
    }

    private mutating func hexadecimal() throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw error("four hexadecimal digits are missing")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    private mutating func number() throws(JSONError) -> String {
        let start = position
        _ = take("-")
        let whole = digits()
        guard whole > 0, whole == 1 || bytes[position - whole] != UInt8(ascii: "0") else { throw notAValue(start) }
        if take("."), digits() == 0 { throw notAValue(start) }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            if digits() == 0 { throw notAValue(start) }
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func digits() -> Int {
        let start = position
        while let byte = peek, byte >= 48, byte <= 57 { position += 1 }
        return position - start
    }

    private mutating func word(_ text: String, _ value: JSON) throws(JSONError) -> JSON {
        let start = position
        for byte in text.utf8 {
            guard peek == byte else { throw notAValue(start) }
            position += 1
        }
        return value
    }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == 32 || (byte >= 9 && byte <= 13 && byte != 11 && byte != 12) { position += 1 }
    }

    private func notAValue(_ start: Int) -> JSONError {
        JSONError(message: start < bytes.count ? "this is not a JSON value" : "a value is missing", column: start + 1)
    }

    private func error(_ message: String) -> JSONError { JSONError(message: message, column: position + 1) }
}

extension [UInt8] {
    /// Appends a JSON string.
    mutating func appendJSON(_ text: some Sequence<UInt8>) {
        let hexadecimal = Array<UInt8>("0123456789abcdef".utf8)
        append(UInt8(ascii: "\""))
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): append(contentsOf: [UInt8(ascii: "\\"), byte])
            case 10: append(contentsOf: "\\n".utf8)
            case 13: append(contentsOf: "\\r".utf8)
            case 9: append(contentsOf: "\\t".utf8)
            case 0..<32:
                append(contentsOf: "\\u00".utf8)
                append(contentsOf: [hexadecimal[Int(byte >> 4)], hexadecimal[Int(byte & 15)]])
            default: append(byte)
            }
        }
        append(UInt8(ascii: "\""))
    }

    /// Appends what `append` makes of each item, with commas between.
    mutating func appendList<Items: Sequence>(_ items: Items, _ append: (inout [UInt8], Items.Element) -> Void) {
        for (index, item) in items.enumerated() {
            if index > 0 { self.append(UInt8(ascii: ",")) }
            append(&self, item)
        }
    }

    /// Appends a JSON string, or `null`.
    mutating func appendJSON(optional text: String?) {
        if let text { appendJSON(text.utf8) } else { append(contentsOf: "null".utf8) }
    }
}
