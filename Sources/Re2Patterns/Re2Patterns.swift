import CRe2
public import GroupCoordinator

/// The expressions by which members of consumer groups subscribe, read by RE2.
public struct Re2Patterns: TopicPatternCompiler {
    /// Bytes that an expression, and matching by it, may use.
    static let memory: Int64 = 1 << 20

    public init() {}

    public func compile(_ expression: String) throws(TopicPatternError) -> any TopicPattern {
        var problem = MARTLET_RE2_NONE
        var text = expression
        let compiled = text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                martlet_re2_compile($0.baseAddress, $0.count, Re2Patterns.memory, &problem)
            }
        }
        guard let compiled else { throw TopicPatternError(Re2Patterns.reason(problem)) }
        return Re2Pattern(compiled)
    }

    /// In the words of Kafka's own library, RE2/J.
    private static func reason(_ problem: martlet_re2_problem) -> String {
        switch problem {
        case MARTLET_RE2_ESCAPE: "invalid escape sequence"
        case MARTLET_RE2_CHARACTER_CLASS: "invalid character class"
        case MARTLET_RE2_CHARACTER_RANGE: "invalid character class range"
        case MARTLET_RE2_MISSING_BRACKET: "missing closing ]"
        case MARTLET_RE2_MISSING_PARENTHESIS: "missing closing )"
        case MARTLET_RE2_UNEXPECTED_PARENTHESIS: "unexpected )"
        case MARTLET_RE2_TRAILING_BACKSLASH: "trailing backslash at end of expression"
        case MARTLET_RE2_REPEAT_ARGUMENT: "missing argument to repetition operator"
        case MARTLET_RE2_REPEAT_SIZE: "invalid repeat count"
        case MARTLET_RE2_REPEAT_OPERATOR: "invalid nested repetition operator"
        case MARTLET_RE2_PERL_OPERATOR: "invalid or unsupported Perl syntax"
        case MARTLET_RE2_UTF8: "invalid UTF-8"
        case MARTLET_RE2_NAMED_CAPTURE: "invalid named capture"
        case MARTLET_RE2_TOO_LARGE: "it would need too much memory"
        default: "it cannot be read"
        }
    }
}

/// Nothing of it changes, and RE2 lets any number of threads match by an expression at a time: it may be sent.
private final class Re2Pattern: TopicPattern, @unchecked Sendable {
    private let compiled: OpaquePointer

    init(_ compiled: OpaquePointer) { self.compiled = compiled }

    deinit { martlet_re2_free(compiled) }

    func matches(_ topic: String) -> Bool {
        var text = topic
        return text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                martlet_re2_matches(compiled, $0.baseAddress, $0.count)
            }
        }
    }
}
