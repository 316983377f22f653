import Bytes

/// The ids that a chapter hands out: counted, and written `#1`, `#2` in stories.
final class TranscriptIDs {
    private static let prefix = "00000000-0000-0000-0000-"
    private var count: UInt64 = 0

    func next() -> UUID {
        count += 1
        return UUID(high: 0, low: count)
    }

    /// A line of a story with the ids that it means.
    static func full(_ line: String) -> String {
        replace("#", in: line, while: \.isNumber) { digits in
            UInt64(digits).map { UUID(high: 0, low: $0).hyphenated }
        }
    }

    static func short(_ line: String) -> String {
        replace(prefix, in: line, while: \.isHexDigit) { digits in UInt64(digits, radix: 16).map { "#\($0)" } }
    }

    private static func replace(
        _ mark: String, in line: String, while isPart: (Character) -> Bool, by replacement: (Substring) -> String?
    ) -> String {
        var result = ""
        var rest = Substring(line)
        while let found = rest.firstRange(of: mark) {
            let digits = rest[found.upperBound...].prefix(while: isPart)
            result += rest[..<found.lowerBound]
            result += replacement(digits) ?? String(rest[found.lowerBound..<digits.endIndex])
            rest = rest[digits.endIndex...]
        }
        return result + rest
    }
}
