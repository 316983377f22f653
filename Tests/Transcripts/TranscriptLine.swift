/// A story does not say what it has to.
public struct TranscriptError: Error, CustomStringConvertible {
    public var description: String

    public init(_ description: String) { self.description = description }
}

/// An input of a story: `asker: verb word field=value other="a value with spaces"`.
public struct TranscriptLine {
    /// Nobody where the line has no colon after its first word.
    public let asker: String?
    public let verb: String
    private var words: [String] = []
    private var fields: [String: String] = [:]

    /// - Parameter asker: in place of the one that the text names.
    init(_ text: String, asker other: String? = nil) throws(TranscriptError) {
        var tokens = TranscriptLine.tokens(of: text)
        if let first = tokens.first, first.hasSuffix(":") {
            asker = other ?? String(first.dropLast())
            tokens.removeFirst()
        } else {
            asker = nil
        }
        guard let verb = tokens.first else { throw TranscriptError("nothing is asked for") }
        self.verb = verb
        for token in tokens.dropFirst() {
            guard let sign = token.firstIndex(of: "=") else {
                words.append(token)
                continue
            }
            fields[String(token[..<sign])] = String(token[token.index(after: sign)...])
        }
    }

    private static func tokens(of text: String) -> [String] {
        var tokens: [String] = []
        var token = ""
        var isQuoted = false
        for character in text {
            switch character {
            case "\"": isQuoted.toggle()
            case " " where !isQuoted:
                if !token.isEmpty { tokens.append(token) }
                token = ""
            default: token.append(character)
            }
        }
        if !token.isEmpty { tokens.append(token) }
        return tokens
    }

    // MARK: Taking it apart

    /// The value of a field; nil where the line does not have it.
    public mutating func text(_ name: String) -> String? { fields.removeValue(forKey: name) }

    public mutating func number<Number: FixedWidthInteger>(
        _ name: String, _ standard: Number
    ) throws(TranscriptError) -> Number {
        guard let text = fields.removeValue(forKey: name) else { return standard }
        guard let number = Number(text) else { throw TranscriptError("\(name)=\(text) is no number") }
        return number
    }

    /// The parts of a field that is a list with commas; nil where the line does not have it.
    public mutating func list(_ name: String) -> [String]? {
        text(name).map { $0.split(separator: ",").map(String.init) }
    }

    /// The words without a value.
    public mutating func takeWords() -> [String] {
        defer { words = [] }
        return words
    }

    /// The fields by their names, without asking for each.
    public mutating func takeFields() -> [String: String] {
        defer { fields = [:] }
        return fields
    }

    func checkIsUsedUp() throws(TranscriptError) {
        let rest = words + fields.keys.sorted()
        guard rest.isEmpty else { throw TranscriptError("\(verb) has no \(rest.joined(separator: ", "))") }
    }
}
