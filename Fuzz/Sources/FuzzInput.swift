/// An input, read from the front: choices first, then the bytes that they are about. Missing choices are zero.
struct FuzzInput {
    private(set) var rest: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

    var isEmpty: Bool { rest.isEmpty }

    mutating func byte() -> UInt8 {
        guard let first = rest.first else { return 0 }
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst())
        return first
    }

    mutating func int16() -> Int16 {
        let high = byte()
        return Int16(bitPattern: UInt16(high) << 8 | UInt16(byte()))
    }

    /// The next `count` bytes, or as many as there are.
    mutating func take(_ count: Int) -> [UInt8] {
        let taken = Array(rest.prefix(count))
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
        return taken
    }

    /// A part with its length, of two bytes, in front.
    mutating func part() -> [UInt8] { take(Int(UInt16(bitPattern: int16()))) }
}

/// One bit of a byte of choices.
extension UInt8 {
    func bit(_ number: Int) -> Bool { self >> UInt8(number) & 1 == 1 }
}
