/// Keys and values of one log line, in the order they were written.
public struct LogMetadata: Sendable {
    public typealias Element = (key: String, value: LogValue)

    public internal(set) var elements: [Element]

    public init(_ elements: [Element] = []) { self.elements = elements }

    public var isEmpty: Bool { elements.isEmpty }

    /// Sets, replaces or (with nil) removes a key.
    public subscript(key: String) -> LogValue? {
        get { elements.first { $0.key == key }?.value }
        set {
            let index = elements.firstIndex { $0.key == key }
            switch (index, newValue) {
            case (let index?, let value?): elements[index].value = value
            case (let index?, nil): elements.remove(at: index)
            case (nil, let value?): elements.append((key, value))
            case (nil, nil): break
            }
        }
    }
}

extension LogMetadata: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, LogValue)...) {
        self.elements = elements.map { (key: $0.0, value: $0.1) }
    }
}

/// A value in a log line. Numbers and booleans stay such in JSON lines.
public enum LogValue: Sendable, Equatable {
    case string(String)
    case integer(Int64)
    case double(Double)
    case bool(Bool)

    public init(_ value: some CustomStringConvertible) { self = .string(value.description) }
    public init(_ value: some BinaryInteger) {
        self = Int64(exactly: value).map(LogValue.integer) ?? .string("\(value)")
    }
}

extension LogValue: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
}
