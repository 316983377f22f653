/// The header lines of a request or a response, in their order. Names are compared without regard to case.
public struct HTTPHeaders: Sendable {
    public private(set) var lines: [(name: String, value: String)] = []

    public init() {}

    public init(_ lines: [(name: String, value: String)]) { self.lines = lines }

    /// The value of the first line of this name.
    public subscript(name: String) -> String? { lines.first { HTTPHeaders.same($0.name, name) }?.value }

    public mutating func add(_ name: String, _ value: String) { lines.append((name, value)) }

    /// Replaces all lines of this name by one.
    public mutating func set(_ name: String, _ value: String) {
        lines.removeAll { HTTPHeaders.same($0.name, name) }
        add(name, value)
    }

    private static func same(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count && zip(left.utf8, right.utf8).allSatisfy { lower($0) == lower($1) }
    }

    private static func lower(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}
