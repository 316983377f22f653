@testable import MessageGenerator

/// A message as bytes, made from the notation alone: it shares no code with what the generator writes.
struct Sample {
    /// A length or count in the bytes.
    struct Length {
        enum Kind {
            case int16
            case int32
            case varint
        }

        var position: Int
        var size: Int
        var kind: Kind
    }

    enum Content {
        /// All kinds of values, limits among them.
        case random
        /// Arrays of this many elements, as deep as that stays below 10,000 in all, and nothing else: the most memory
        /// that a reader can be made to take for the bytes.
        case crowded(Int)
    }

    private(set) var bytes: [UInt8] = []
    private(set) var lengths: [Length] = []

    private let message: Message
    private let version: Int16
    private let content: Content
    private var depth = 0

    private var isFlexible: Bool { message.isFlexible(version) }
    /// Whether the field at hand has a classic length in a flexible version.
    private var isClassic = false

    init(_ message: Message, version: Int16, content: Content, using random: inout some RandomNumberGenerator) {
        self.message = message
        self.version = version
        self.content = content
        structure(message.fields, using: &random)
    }

    /// The bytes with one length replaced; one of two bytes gets the upper half of the value.
    func replacing(_ length: Length, with value: UInt32) -> [UInt8] {
        let replacement: [UInt8]
        switch length.kind {
        case .int16: replacement = [UInt8(truncatingIfNeeded: value >> 24), UInt8(truncatingIfNeeded: value >> 16)]
        case .int32: replacement = (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
        case .varint: replacement = Sample.varint(value)
        }
        return bytes[..<length.position] + replacement + bytes[(length.position + length.size)...]
    }
}

// MARK: - Structures

extension Sample {
    private mutating func structure(_ fields: [Field], using random: inout some RandomNumberGenerator) {
        depth += 1
        defer { depth -= 1 }
        let present = fields.filter { $0.versions.contains(version) }
        for field in present where field.tag == nil { value(of: field, using: &random) }
        if isFlexible { tags(present.filter { $0.tag != nil }, using: &random) }
    }

    /// Tagged fields stand in the order of their tags, each with its size, and only when they are not the default.
    private mutating func tags(_ fields: [Field], using random: inout some RandomNumberGenerator) {
        var tagged: [(tag: UInt32, part: Sample)] = []
        for field in fields.sorted(by: { ($0.tag ?? 0) < ($1.tag ?? 0) }) where wantsTag(using: &random) {
            var part = emptied()
            part.value(of: field, using: &random)
            var usual = emptied()
            usual.defaultValue(of: field)
            if part.bytes != usual.bytes { tagged.append((field.tag ?? 0, part)) }
        }
        length(tagged.count, kind: .varint)
        for (tag, part) in tagged {
            bytes += Sample.varint(tag)
            length(part.bytes.count, kind: .varint)
            lengths += part.lengths.map {
                Length(position: $0.position + bytes.count, size: $0.size, kind: $0.kind)
            }
            bytes += part.bytes
        }
    }

    private func wantsTag(using random: inout some RandomNumberGenerator) -> Bool {
        if case .crowded = content { return true }
        return Bool.random(using: &random)
    }

    private func emptied() -> Sample {
        var sample = self
        sample.bytes = []
        sample.lengths = []
        return sample
    }

    private mutating func length(_ length: Int?, kind: Length.Kind) {
        let position = bytes.count
        let isCompact = isFlexible && !isClassic
        switch kind {
        case .varint: bytes += Sample.varint(UInt32(length ?? 0))
        case .int16 where isCompact, .int32 where isCompact: bytes += Sample.varint(length.map { UInt32($0) + 1 } ?? 0)
        case .int16: integer(Int64(length ?? -1), size: 2)
        case .int32: integer(Int64(length ?? -1), size: 4)
        }
        let actual = isCompact ? .varint : kind
        lengths.append(Length(position: position, size: bytes.count - position, kind: actual))
    }

    private mutating func integer(_ value: Int64, size: Int) {
        for shift in stride(from: (size - 1) * 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> Int64(shift)))
        }
    }

    private static func varint(_ value: UInt32) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = value
        while rest > 0x7F {
            bytes.append(UInt8(rest & 0x7F | 0x80))
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }
}

// MARK: - Values

extension Sample {
    private mutating func value(of field: Field, using random: inout some RandomNumberGenerator) {
        let isNull = field.nullable.contains(version) && wantsNull(field, using: &random)
        isClassic = field.isClassic
        defer { isClassic = false }
        switch field.type {
        case .array(let element): array(of: element, isNull: isNull, using: &random)
        case .structure(let name):
            if field.nullable.contains(version) { bytes.append(isNull ? 0xFF : 1) }
            if !isNull { structure(fields(of: name), using: &random) }
        default: simple(field.type, isNull: isNull, using: &random)
        }
    }

    private func fields(of name: String) -> [Field] {
        message.structures.first { $0.name == name }?.fields ?? []
    }

    private func wantsNull(_ field: Field, using random: inout some RandomNumberGenerator) -> Bool {
        if case .crowded = content {
            if case .array = field.type { return false }
            return true
        }
        return Int.random(in: 0..<5, using: &random) == 0
    }

    private mutating func array(
        of element: FieldType, isNull: Bool, using random: inout some RandomNumberGenerator
    ) {
        if isNull { return length(nil, kind: .int32) }
        let count: Int
        switch content {
        case .random: count = [0, 1, 1, 2, 3][Int.random(in: 0..<(depth < 4 ? 5 : 2), using: &random)]
        case .crowded(let wanted): count = depth == 1 ? wanted : depth == 2 ? 3 : 0
        }
        length(count, kind: .int32)
        for _ in 0..<count {
            if case .structure(let name) = element {
                structure(fields(of: name), using: &random)
            } else {
                simple(element, isNull: false, using: &random)
            }
        }
    }

    private mutating func simple(
        _ type: FieldType, isNull: Bool, using random: inout some RandomNumberGenerator
    ) {
        switch type {
        case .scalar(let scalar): self.scalar(scalar, using: &random)
        case .string:
            let size = isCrowded ? 0 : [0, 1, 5, 70][Int.random(in: 0..<4, using: &random)]
            let letters = (0..<size).map { _ in Array("abz-Ω€😀\0")[Int.random(in: 0..<8, using: &random)] }
            let text = isNull ? nil : Array(String(letters).utf8)
            length(text?.count, kind: .int16)
            bytes += text ?? []
        default:
            let size = isCrowded ? 0 : [0, 1, 7, 127, 128, 300][Int.random(in: 0..<6, using: &random)]
            length(isNull ? nil : size, kind: .int32)
            if !isNull { bytes += (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) } }
        }
    }

    private var isCrowded: Bool {
        if case .crowded = content { return true }
        return false
    }

    private mutating func scalar(_ scalar: Scalar, using random: inout some RandomNumberGenerator) {
        if scalar == .bool { return bytes.append(Bool.random(using: &random) ? 1 : 0) }
        let pattern: UInt64 =
            [0, 1, .max, random.next(), 1 << UInt64(min(scalar.size, 8) * 8 - 1)].randomElement(
                using: &random) ?? 0
        integer(Int64(bitPattern: pattern), size: min(scalar.size, 8))
        if scalar == .uuid { integer(Int64(bitPattern: random.next()), size: 8) }
    }

    private mutating func defaultValue(of field: Field) {
        switch field.type {
        case .scalar(let scalar):
            switch field.defaultValue {
            case .number(let number): integer(number, size: scalar.size)
            case .yes: bytes.append(1)
            default: bytes += [UInt8](repeating: 0, count: scalar.size)
            }
        case .structure(let name):
            if field.nullable.contains(version) {
                bytes.append(field.defaultValue == .null ? 0xFF : 1)
                if field.defaultValue == .null { return }
            }
            for inner in fields(of: name) where inner.versions.contains(version) && inner.tag == nil {
                defaultValue(of: inner)
            }
            if isFlexible { bytes.append(0) }
        case .array, .bytes: length(field.defaultValue == .null ? nil : 0, kind: .int32)
        case .string: length(field.defaultValue == .null ? nil : 0, kind: .int16)
        }
    }
}
