/// A 128-bit id. Its text is Kafka's: URL-safe base64 without padding, 22 characters.
public struct UUID: Hashable, Sendable {
    public let high: UInt64
    public let low: UInt64

    @inlinable
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Stands for "no id" on the wire.
    public static let zero = UUID(high: 0, low: 0)
    /// The id of Kafka's own metadata topic; never given to another.
    public static let metadataTopic = UUID(high: 0, low: 1)

    @inlinable public var isZero: Bool { high == 0 && low == 0 }

    /// The usual form, as Java writes it: 32 hexadecimal digits with four hyphens.
    public var hyphenated: String {
        let digits = [high, low].flatMap { half in
            stride(from: 60, through: 0, by: -4).map { shift in
                let digit = UInt8(truncatingIfNeeded: half >> UInt64(shift)) & 15
                return digit < 10 ? digit + UInt8(ascii: "0") : digit - 10 + UInt8(ascii: "a")
            }
        }
        let groups = [digits[0..<8], digits[8..<12], digits[12..<16], digits[16..<20], digits[20..<32]]
        return groups.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "-")
    }

    /// A random version-4 id that is not reserved and whose text has no `-`, so that command lines can take it.
    public static func random(using generator: inout some RandomNumberGenerator) -> UUID {
        while true {
            let high = generator.next() & ~0xF000 | 0x4000
            let low = generator.next() & ~(3 << 62) | (2 << 62)
            let id = UUID(high: high, low: low)
            if !id.description.utf8.contains(UInt8(ascii: "-")) { return id }
        }
    }

    public static func random() -> UUID {
        var generator = SystemRandomNumberGenerator()
        return random(using: &generator)
    }
}

extension UUID: Comparable {
    public static func < (left: UUID, right: UUID) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

extension UUID: LosslessStringConvertible {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    public var description: String {
        var text: [UInt8] = []
        text.reserveCapacity(22)
        // 22 digits of 6 bits hold 132: the last digit carries only 2.
        for digit in 0..<21 { text.append(UUID.alphabet[bits(at: digit * 6)]) }
        text.append(UUID.alphabet[Int(low & 3) << 4])
        return String(decoding: text, as: UTF8.self)
    }

    public init?(_ description: String) {
        let digits = Array(description.utf8)
        guard digits.count == 22 else { return nil }
        var high: UInt64 = 0
        var low: UInt64 = 0
        for (index, character) in digits.enumerated() {
            guard let value = UUID.alphabet.firstIndex(of: character) else { return nil }
            let width: UInt64 = index == 21 ? 2 : 6
            let bits = index == 21 ? UInt64(value) >> 4 : UInt64(value)
            if index == 21, value & 0xF != 0 { return nil }
            high = high << width | low >> (64 - width)
            low = low << width | bits
        }
        self.init(high: high, low: low)
    }

    /// The six bits that start `position` bits from the top.
    private func bits(at position: Int) -> Int {
        let shift = 122 - position
        if shift >= 64 { return Int(high >> UInt64(shift - 64)) & 63 }
        let lower = low >> UInt64(shift)
        let upper = shift == 0 ? 0 : high << UInt64(64 - shift)
        return Int(truncatingIfNeeded: (shift > 58 ? upper | lower : lower) & 63)
    }
}
