/// Writes families of samples in Prometheus' text exposition format, version 0.0.4, one after the other: for owners whose
/// numbers lie in structures of their own and who would not put thousands of them into a dictionary first.
public struct ExpositionWriter {
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    public enum Kind: String, Sendable {
        case counter, gauge, histogram, summary
    }

    /// The text so far, in UTF-8.
    public private(set) var bytes: [UInt8] = []
    private var family = ""
    private var families: Set<String> = []

    public init() {}

    /// Begins a family; its samples follow. A name is begun once.
    public mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
        precondition(families.insert(name).inserted, "the samples of a family stand together")
        family = name
        if !help.isEmpty { append("# HELP \(name) \(ExpositionWriter.escaped(help, quotes: false))\n") }
        append("# TYPE \(name) \(kind.rawValue)\n")
    }

    /// Adds a sample of the current family.
    ///
    /// - Parameter suffix: what follows the family's name: `_bucket`, `_sum`, `_count`, or nothing.
    public mutating func sample(_ value: Double, suffix: String = "", _ dimensions: [Dimension] = []) {
        append(family)
        append(suffix)
        if !dimensions.isEmpty {
            var separator = "{"
            for dimension in dimensions {
                append(separator)
                append(dimension.name)
                append("=\"")
                append(ExpositionWriter.escaped(dimension.value, quotes: true))
                append("\"")
                separator = ","
            }
            append("}")
        }
        append(" ")
        append(ExpositionWriter.text(of: value))
        append("\n")
    }

    public mutating func sample(_ value: some BinaryInteger, suffix: String = "", _ dimensions: [Dimension] = []) {
        sample(Double(value), suffix: suffix, dimensions)
    }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    /// As Prometheus reads numbers.
    static func text(of number: Double) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number > 0 ? "+Inf" : "-Inf" }
        return Int64(exactly: number).map { String($0) } ?? String(number)
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        let special = text.utf8.contains { byte in
            byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "\n") || quotes && byte == UInt8(ascii: "\"")
        }
        guard special else { return text }
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
