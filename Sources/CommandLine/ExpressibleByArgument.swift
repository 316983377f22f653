/// A type that a word of the command line can be turned into.
public protocol ExpressibleByArgument {
    /// Throws an `InvalidArgument` that says what is wanted.
    init(argument: String) throws(InvalidArgument)
    /// The text that makes this value again, shown in help as the default.
    var argumentText: String { get }
    /// What a shell may offer as completion.
    static var valueKind: ValueKind { get }
}

extension ExpressibleByArgument {
    public static var valueKind: ValueKind { .text }
}

/// Why a word is not a value of the wanted type: the end of the sentence "invalid value 'x' for --option: …".
public struct InvalidArgument: Error, Equatable, Sendable {
    public let reason: String
    public init(_ reason: String) { self.reason = reason }
}

/// What kind of text a value is, for completion scripts and manual pages.
public enum ValueKind: Equatable, Sendable {
    case text
    case number
    case file
    case directory
    case choice([String])
}

extension String: ExpressibleByArgument {
    public init(argument: String) throws(InvalidArgument) { self = argument }
    public var argumentText: String { self }
}

extension FixedWidthInteger where Self: ExpressibleByArgument {
    public init(argument: String) throws(InvalidArgument) {
        guard let value = Self(argument) else {
            let digits = argument.hasPrefix("-") ? argument.dropFirst() : argument[...]
            guard !digits.isEmpty, digits.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }) else {
                throw InvalidArgument("not a whole number")
            }
            throw InvalidArgument("must be from \(Self.min) to \(Self.max)")
        }
        self = value
    }
    public var argumentText: String { String(self) }
    public static var valueKind: ValueKind { .number }
}

extension Int: ExpressibleByArgument {}
extension Int16: ExpressibleByArgument {}
extension Int32: ExpressibleByArgument {}
extension Int64: ExpressibleByArgument {}
extension UInt16: ExpressibleByArgument {}

/// Enumerations of words: `enum Codec: String, CaseIterable, ExpressibleByArgument`.
extension ExpressibleByArgument where Self: RawRepresentable & CaseIterable, RawValue == String {
    public init(argument: String) throws(InvalidArgument) {
        guard let value = Self(rawValue: argument) else {
            throw InvalidArgument("must be one of \(Self.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        self = value
    }
    public var argumentText: String { rawValue }
    public static var valueKind: ValueKind { .choice(allCases.map(\.rawValue)) }
}
