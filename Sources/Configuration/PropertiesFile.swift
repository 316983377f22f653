/// The entries of a file in Java's .properties syntax, in their order.
public struct PropertiesFile: Sendable, Equatable {
    public struct Entry: Sendable, Equatable {
        public let key: String
        public let value: String
        /// The line on which the entry begins, from 1.
        public let line: Int
    }

    /// A backslash and a `u` without four hexadecimal digits, in the given line.
    public struct InvalidEscape: Error, Equatable, Sendable {
        public let line: Int
    }

    public let entries: [Entry]

    public init(_ text: String) throws(InvalidEscape) {
        var entries: [Entry] = []
        var lines = PropertiesFile.LogicalLines(text)
        while let (content, line) = lines.next() {
            var parser = EntryParser(content, line: line)
            entries.append(try parser.entry())
        }
        self.entries = entries
    }
}

extension PropertiesFile {
    /// Joins lines that end in a backslash to the next, and drops comments and blank lines.
    private struct LogicalLines {
        private var rest: Substring.UnicodeScalarView
        private var line = 0

        init(_ text: String) { rest = text[...].unicodeScalars }

        mutating func next() -> (content: [Unicode.Scalar], line: Int)? {
            while let natural = nextNaturalLine() {
                let first = line
                guard let mark = natural.first, mark != "#", mark != "!" else { continue }
                var content = natural
                while endsInContinuation(content) {
                    content.removeLast()
                    guard let more = nextNaturalLine() else { break }
                    content += more
                }
                return (content, first)
            }
            return nil
        }

        /// The next line without white space before it; nil at the end.
        private mutating func nextNaturalLine() -> [Unicode.Scalar]? {
            guard !rest.isEmpty else { return nil }
            line += 1
            let end = rest.firstIndex { $0 == "\n" || $0 == "\r" } ?? rest.endIndex
            let content = rest[..<end].drop(while: isBlank)
            rest = rest[end...]
            if let terminator = rest.popFirst(), terminator == "\r", rest.first == "\n" { rest.removeFirst() }
            return Array(content)
        }

        private func endsInContinuation(_ content: [Unicode.Scalar]) -> Bool {
            content.reversed().prefix { $0 == "\\" }.count % 2 == 1
        }
    }

    /// Splits a logical line into key and value and resolves its escapes.
    private struct EntryParser {
        private let content: [Unicode.Scalar]
        private let line: Int
        private var next = 0

        init(_ content: [Unicode.Scalar], line: Int) {
            self.content = content
            self.line = line
        }

        mutating func entry() throws(InvalidEscape) -> Entry {
            let key = try text { $0 == "=" || $0 == ":" || isBlank($0) }
            skipBlanks()
            if next < content.count, content[next] == "=" || content[next] == ":" {
                next += 1
                skipBlanks()
            }
            return Entry(key: key, value: try text { _ in false }, line: line)
        }

        private mutating func skipBlanks() {
            while next < content.count, isBlank(content[next]) { next += 1 }
        }

        private mutating func text(until isEnd: (Unicode.Scalar) -> Bool) throws(InvalidEscape) -> String {
            var units: [UInt16] = []
            while next < content.count, !isEnd(content[next]) {
                let scalar = content[next]
                next += 1
                if scalar == "\\" {
                    try appendEscape(to: &units)
                } else {
                    units.append(contentsOf: UTF16.encode(scalar).map(Array.init) ?? [])
                }
            }
            return String(decoding: units, as: UTF16.self)
        }

        private mutating func appendEscape(to units: inout [UInt16]) throws(InvalidEscape) {
            guard next < content.count else { return }
            let scalar = content[next]
            next += 1
            switch scalar {
            case "t": units.append(9)
            case "n": units.append(10)
            case "f": units.append(12)
            case "r": units.append(13)
            case "u": units.append(try codeUnit())
            default: units.append(contentsOf: UTF16.encode(scalar).map(Array.init) ?? [])
            }
        }

        private mutating func codeUnit() throws(InvalidEscape) -> UInt16 {
            var unit: UInt16 = 0
            for _ in 0..<4 {
                guard next < content.count, let digit = Character(content[next]).hexDigitValue else {
                    throw InvalidEscape(line: line)
                }
                unit = unit << 4 | UInt16(digit)
                next += 1
            }
            return unit
        }
    }
}

private func isBlank(_ scalar: Unicode.Scalar) -> Bool { scalar == " " || scalar == "\t" || scalar == "\u{C}" }
