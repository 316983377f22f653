/// Swift source under construction.
struct SourceText {
    private(set) var text = ""
    private var depth = 0

    mutating func line(_ code: String = "") {
        if !code.isEmpty {
            for _ in 0..<depth { text += "    " }
            text += code
        }
        text += "\n"
    }

    /// `head {`, what `body` adds one step deeper, and `end`.
    mutating func block(_ head: String, end: String = "}", _ body: (inout SourceText) -> Void) {
        line(head + " {")
        depth += 1
        body(&self)
        depth -= 1
        line(end)
    }

    /// Statements behind a test, on one line where that is short; without a test they stand bare.
    mutating func statements(_ statements: [String], when test: String?, otherwise end: String = "}") {
        guard let test else {
            for statement in statements { line(statement) }
            return
        }
        let short = "if \(test) { \(statements[0]) \(end)"
        if statements.count == 1, short.count + depth * 4 <= 120 {
            line(short)
        } else {
            block("if \(test)", end: end) { source in
                for statement in statements { source.line(statement) }
            }
        }
    }
}

extension String {
    private static let keywords: Set<String> = [
        "as", "break", "case", "catch", "class", "continue", "default", "defer", "do", "else", "enum", "extension",
        "for", "func", "if", "import", "in", "init", "is", "let", "operator", "protocol", "repeat", "return", "self",
        "static", "struct", "subscript", "switch", "throw", "try", "var", "where", "while",
    ]
    /// Names that the generated functions use themselves.
    private static let taken: Set<String> = ["version", "cursor", "writer", "compact", "tag", "field", "start"]

    /// The name as a declaration needs it.
    var declared: String { String.keywords.contains(self) ? "`\(self)`" : self }

    /// The name as an expression inside a generated function needs it.
    var used: String { String.taken.contains(self) ? "self.\(self)" : declared }
}
