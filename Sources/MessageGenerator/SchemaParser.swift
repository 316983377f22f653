/// What is wrong with a file in our notation, and where.
struct SchemaError: Error, Equatable, CustomStringConvertible {
    var file: String
    var line: Int
    var problem: String

    var description: String { "\(file):\(line): \(problem)" }
}

/// Reads one file in our notation (Schemas/README.md describes it).
struct SchemaParser {
    /// Far above what Kafka numbers its tagged fields with.
    static let firstOwnTag: UInt32 = 10_000

    private let file: String
    private let lines: [[Substring]]
    private var position = 0

    private init(file: String, text: String) {
        self.file = file
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let code = line.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)[0]
            return code.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\r" })
        }
    }

    /// - Parameter name: the file's name without its extension.
    static func parse(_ text: String, name: String) throws(SchemaError) -> Schema {
        var parser = SchemaParser(file: "\(name).message", text: text)
        return try parser.schema(name: name)
    }

    private func error(_ problem: String) -> SchemaError {
        SchemaError(file: file, line: position, problem: problem)
    }

    /// The words of the next line that has any; nil at the end.
    private mutating func nextLine() -> [Substring]? {
        while position < lines.count {
            position += 1
            if !lines[position - 1].isEmpty { return lines[position - 1] }
        }
        return nil
    }

    private mutating func schema(name: String) throws(SchemaError) -> Schema {
        var schema = Schema(name: name, api: nil, module: "KafkaProtocolMore", isCodedByHand: false, messages: [])
        while let words = nextLine() {
            switch words[0] {
            case "api":
                guard words.count == 3, let key = Int16(words[1]) else { throw error("expected: api KEY NAME") }
                schema.api = Schema.Api(key: key, name: String(words[2]), listeners: [])
            case "listeners":
                guard schema.api != nil else { throw error("listeners before api") }
                schema.api?.listeners = try words.dropFirst().map(listener)
            case "module":
                guard words.count == 2 else { throw error("expected: module NAME") }
                schema.module = String(words[1])
            case "coded":
                guard words.dropFirst().elementsEqual(["by", "hand"]) else { throw error("expected: coded by hand") }
                schema.isCodedByHand = true
            case "request", "response", "record", "data":
                schema.messages.append(try message(words, in: schema))
            default:
                throw error("unknown word '\(words[0])'")
            }
        }
        return schema
    }

    private func listener(_ word: Substring) throws(SchemaError) -> String {
        guard word == "broker" || word == "controller" else { throw error("unknown listener '\(word)'") }
        return String(word)
    }

    private mutating func message(_ line: [Substring], in schema: Schema) throws(SchemaError) -> Message {
        var words = line[...]
        let (name, kind) = try messageName(&words, in: schema)
        guard let versions = words.popFirst().flatMap({ range($0, last: nil) }), !versions.isEmpty else {
            throw error("expected the versions of \(name)")
        }
        var message = Message(
            name: name, kind: kind, versions: versions, flexibleFrom: nil, newestIsUnstable: false, fields: [],
            structures: [])
        while let word = words.popFirst() {
            switch word {
            case "flexible":
                guard let flexible = words.popFirst().flatMap({ range($0, last: versions.last) }),
                    flexible.last == versions.last
                else { throw error("expected 'flexible N+'") }
                message.flexibleFrom = flexible.first
            case "unstable": message.newestIsUnstable = true
            case "{": message.fields = try fields(of: &message, versions: versions)
            case "{}": return message
            default: throw error("unexpected '\(word)'")
            }
        }
        guard line.last == "{" else { throw error("expected '{' at the end of the line") }
        return message
    }

    private func messageName(_ words: inout ArraySlice<Substring>, in schema: Schema) throws(SchemaError) -> (
        String, Message.Kind
    ) {
        switch words.removeFirst() {
        case "request":
            guard let api = schema.api else { throw error("a request without api") }
            return ("\(api.name)Request", .request)
        case "response":
            guard let api = schema.api else { throw error("a response without api") }
            return ("\(api.name)Response", .response)
        case "record":
            guard let type = words.popFirst().flatMap({ Int16($0) }), let name = words.popFirst() else {
                throw error("expected: record TYPE NAME VERSIONS")
            }
            return (String(name), .record(type))
        default:
            guard let name = words.popFirst() else { throw error("expected: data NAME VERSIONS") }
            return (String(name), .data)
        }
    }

    /// The fields up to the closing brace; structures declared on the way are added to the message.
    private mutating func fields(of message: inout Message, versions: VersionRange) throws(SchemaError) -> [Field] {
        var fields: [Field] = []
        while let words = nextLine() {
            if words[0] == "}" { return fields }
            if words[0] == "struct" {
                guard words.count == 3, words[2] == "{" else { throw error("expected: struct NAME {") }
                try structure(String(words[1]), of: &message, versions: message.versions)
                continue
            }
            let field = try field(words, of: &message, versions: versions)
            guard !fields.contains(where: { $0.name == field.name }) else { throw error("'\(field.name)' twice") }
            fields.append(field)
        }
        throw error("'{' without '}'")
    }

    private mutating func structure(
        _ name: String, of message: inout Message, versions: VersionRange
    ) throws(SchemaError) {
        guard !message.structures.contains(where: { $0.name == name }) else { throw error("struct '\(name)' twice") }
        let place = message.structures.count
        message.structures.append(Structure(name: name, versions: versions, fields: []))
        message.structures[place].fields = try fields(of: &message, versions: versions)
    }

    private mutating func field(
        _ line: [Substring], of message: inout Message, versions: VersionRange
    ) throws(SchemaError) -> Field {
        guard line[0].hasSuffix(":"), line.count >= 2 else { throw error("expected: NAME: TYPE") }
        let isAlwaysNullable = line[1].hasSuffix("?")
        var field = Field(
            name: String(line[0].dropLast()), type: try type(isAlwaysNullable ? line[1].dropLast() : line[1]),
            versions: versions, nullable: .empty, tag: nil, defaultValue: .zero, isIgnorable: false, isKey: false,
            isClassic: false)
        var words = line.dropFirst(2)
        if let present = words.first.flatMap({ range($0, last: versions.last) }) {
            words.removeFirst()
            guard versions.covers(present), !present.isEmpty else {
                throw error("versions outside those of the structure")
            }
            field.versions = present
        }
        if isAlwaysNullable { field.nullable = field.versions }
        var hasBody = false
        try attributes(&words, of: &field, hasBody: &hasBody)
        if field.tag != nil, message.flexibleFrom.map({ $0 > field.versions.first }) ?? true {
            throw error("a tagged field in a version that is not flexible")
        }
        if field.isOwn, (field.tag ?? 0) < SchemaParser.firstOwnTag {
            throw error("a field of our own has a tag from \(SchemaParser.firstOwnTag) on")
        }
        try checkDefault(of: field)
        try body(of: field, hasBody: hasBody, in: &message)
        return field
    }

    private func attributes(
        _ words: inout ArraySlice<Substring>, of field: inout Field, hasBody: inout Bool
    ) throws(SchemaError) {
        while let word = words.popFirst() {
            switch word {
            case "nullable":
                guard let range = words.popFirst().flatMap({ range($0, last: field.versions.last) }),
                    field.versions.covers(range)
                else { throw error("expected the versions in which '\(field.name)' is nullable") }
                field.nullable = range
            case "tag":
                guard let tag = words.popFirst().flatMap({ UInt32($0) }) else { throw error("expected: tag NUMBER") }
                field.tag = tag
            case "=":
                guard let word = words.popFirst() else { throw error("expected a default after '='") }
                field.defaultValue = try defaultValue(word)
            case "ignorable": field.isIgnorable = true
            case "key": field.isKey = true
            case "classic": field.isClassic = true
            case "own": field.isOwn = true
            case "{":
                guard words.isEmpty else { throw error("'{' ends a line") }
                hasBody = true
            default: throw error("unexpected '\(word)'")
            }
        }
    }

    private func checkDefault(of field: Field) throws(SchemaError) {
        switch (field.defaultValue, field.type) {
        case (.zero, _), (.number, .scalar), (.yes, .scalar(.bool)): break
        case (.null, _) where field.isNullable: break
        default: throw error("a default that '\(field.name)' cannot have")
        }
    }

    /// Reads the structure that a field declares, or finds the one it names.
    private mutating func body(of field: Field, hasBody: Bool, in message: inout Message) throws(SchemaError) {
        var type = field.type
        if case .array(let element) = type { type = element }
        guard case .structure(let name) = type else {
            if hasBody { throw error("only a structure has fields") }
            return
        }
        if hasBody {
            try structure(name, of: &message, versions: field.versions)
        } else if !message.structures.contains(where: { $0.name == name }) {
            throw error("unknown type '\(name)'")
        }
    }

    private func type(_ word: Substring) throws(SchemaError) -> FieldType {
        if word.hasPrefix("["), word.hasSuffix("]"), word.count > 2 {
            let element = try type(word.dropFirst().dropLast())
            if case .array = element { throw error("no arrays of arrays") }
            return .array(element)
        }
        if let scalar = Scalar(rawValue: String(word)) { return .scalar(scalar) }
        switch word {
        case "string": return .string
        case "bytes", "records": return .bytes
        default:
            guard let first = word.first, first.isUppercase, word.allSatisfy({ $0.isLetter || $0.isNumber }) else {
                throw error("unknown type '\(word)'")
            }
            return .structure(String(word))
        }
    }

    private func defaultValue(_ word: Substring) throws(SchemaError) -> DefaultValue {
        switch word {
        case "null": return .null
        case "true": return .yes
        default:
            guard let number = Int64(word) else { throw error("unknown default '\(word)'") }
            return .number(number)
        }
    }

    /// `4`, `4-7` or, where there is a last version, `4+`.
    private func range(_ word: Substring, last: Int16?) -> VersionRange? {
        if word.hasSuffix("+"), let last {
            return Int16(word.dropLast()).map { VersionRange(first: $0, last: last) }
        }
        let ends = word.split(separator: "-", omittingEmptySubsequences: false).map { Int16($0) }
        switch ends.count {
        case 1: return ends[0].map { VersionRange(first: $0, last: $0) }
        case 2:
            guard let first = ends[0], let last = ends[1] else { return nil }
            return VersionRange(first: first, last: last)
        default: return nil
        }
    }
}
