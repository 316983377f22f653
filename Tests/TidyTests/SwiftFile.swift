import Foundation

/// A Swift file of this package and what can be read off its tokens.
struct SwiftFile: CustomStringConvertible {
    /// From the package's folder, as in `Sources/Bytes/UUID.swift`.
    let path: String
    let lines: Int
    let tokens: [Token]
    let comments: String

    struct Token {
        let text: String
        let line: Int
        let startsLine: Bool
        /// No space before it.
        let isAttached: Bool
    }

    struct Function {
        let name: String
        let line: Int
        let lines: Int
    }

    init(path: String, text: String) {
        self.path = path
        lines = text.utf8.count { $0 == .newline }
        let source = SourceText(text)
        tokens = SwiftFile.tokens(in: source.code)
        comments = String(decoding: source.comments, as: UTF8.self)
    }

    var description: String { path }
    var module: String { String(path.split(separator: "/")[1]) }
    var isSource: Bool { path.hasPrefix("Sources/") }
    var isGenerated: Bool { path.contains("/Generated/") }

    /// The modules named by the file's import lines.
    var imports: [(module: String, line: Int)] {
        tokens.indices.compactMap { index in
            guard tokens[index].text == "import", index + 1 < tokens.count else { return nil }
            let kinds: Set = ["struct", "class", "enum", "protocol", "func", "let", "var", "typealias"]
            let named = kinds.contains(tokens[index + 1].text) ? index + 2 : index + 1
            return named < tokens.count ? (tokens[named].text, tokens[index].line) : nil
        }
    }

    /// Functions, initializers, subscripts and computed properties with their length from the first word to the last brace.
    var functions: [Function] {
        tokens.indices.compactMap { index in
            guard let body = bodyOfDeclaration(at: index), let end = closingBrace(ofBraceAt: body) else { return nil }
            let name = ["func", "var"].contains(tokens[index].text) ? tokens[index + 1].text : tokens[index].text
            return Function(name: name, line: tokens[index].line, lines: tokens[end].line - tokens[index].line + 1)
        }
    }

    /// The lines on which one of the words stands by itself, not as somebody's member nor as what is being declared.
    func uses(of words: Set<String>) -> [(word: String, line: Int)] {
        tokens.indices.compactMap { index in
            guard words.contains(tokens[index].text) else { return nil }
            let previous = index > 0 ? tokens[index - 1].text : ""
            let next = index + 1 < tokens.count ? tokens[index + 1].text : ""
            let isLabel = next == ":" && ["(", ","].contains(previous)
            if isLabel || [".", "func", "let", "var", "case"].contains(previous) { return nil }
            return (tokens[index].text, tokens[index].line)
        }
    }

    /// The lines with a `try!`; in `try !condition` the mark belongs to what follows.
    var forcedTries: [Int] {
        tokens.indices.dropFirst().compactMap { index in
            let isForced = tokens[index].text == "!" && tokens[index].isAttached && tokens[index - 1].text == "try"
            return isForced ? tokens[index].line : nil
        }
    }

    /// The lines on which these tokens follow one another.
    func lines(with sequence: [String]) -> [Int] {
        guard tokens.count >= sequence.count else { return [] }
        return (0...(tokens.count - sequence.count)).compactMap { start in
            for (offset, word) in sequence.enumerated() where tokens[start + offset].text != word { return nil }
            return tokens[start].line
        }
    }

    /// Words, and every other character that is not a space by itself.
    private static func tokens(in code: [UInt8]) -> [Token] {
        var tokens: [Token] = []
        var line = 1
        var startsLine = true
        var position = 0
        while position < code.count {
            if code[position] == .newline {
                line += 1
                startsLine = true
            }
            if code[position] <= .space {
                position += 1
                continue
            }
            let start = position
            let isAttached = start > 0 && code[start - 1] > .space
            repeat { position += 1 } while position < code.count && isWord(code[start]) && isWord(code[position])
            let text = String(decoding: code[start..<position], as: UTF8.self)
            tokens.append(Token(text: text, line: line, startsLine: startsLine, isAttached: isAttached))
            startsLine = false
        }
        return tokens
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...:
            true
        default: false
        }
    }
}

// MARK: - Braces

extension SwiftFile {
    private func bodyOfDeclaration(at index: Int) -> Int? {
        let previous = index > 0 ? tokens[index - 1].text : ""
        guard previous != ".", index + 1 < tokens.count else { return nil }
        switch tokens[index].text {
        case "func", "subscript", "deinit":
            return bodyOfFunction(after: index + 1)
        case "init" where ["(", "?", "!", "<"].contains(tokens[index + 1].text):
            return bodyOfFunction(after: index + 1)
        case "var":
            return bodyOfProperty(after: index + 1)
        default:
            return nil
        }
    }

    /// A protocol's requirement has no body: the next declaration or the end of the protocol comes first.
    private func bodyOfFunction(after start: Int) -> Int? {
        let next: Set = [
            "func", "var", "let", "init", "subscript", "case", "static", "mutating", "nonmutating", "associatedtype",
            "typealias", "public", "private", "internal", "fileprivate", "package", "struct", "class", "enum",
            "extension",
            "protocol", "@", "#", "}",
        ]
        var depth = 0
        for index in start..<tokens.count {
            switch tokens[index].text {
            case "(", "[": depth += 1
            case ")", "]": depth -= 1
            case "{" where depth == 0: return index
            case let text where depth == 0 && (tokens[index].startsLine || text == "}") && next.contains(text):
                return nil
            default: break
            }
        }
        return nil
    }

    /// A stored property has a value or ends with its line; only one with accessors has a brace before that.
    private func bodyOfProperty(after start: Int) -> Int? {
        var depth = 0
        for index in start..<tokens.count {
            switch tokens[index].text {
            case "(", "[": depth += 1
            case ")", "]": depth -= 1
            case "{" where depth == 0: return index
            case "=" where depth == 0: return nil
            default: break
            }
            if depth < 0 || depth == 0 && index > start && tokens[index].startsLine { return nil }
        }
        return nil
    }

    private func closingBrace(ofBraceAt start: Int) -> Int? {
        var depth = 0
        for index in start..<tokens.count {
            if tokens[index].text == "{" { depth += 1 }
            if tokens[index].text == "}" { depth -= 1 }
            if depth == 0 { return index }
        }
        return nil
    }
}
