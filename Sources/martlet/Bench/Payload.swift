/// Values to send: capital letters by chance, as Kafka's own tool has them, so that codecs find what they find there.
struct Payload {
    /// Bytes of all values together that differ, so that a batch has no value twice.
    private static let variety = 4 << 20

    private let values: [[UInt8]]

    init(size: Int, using generator: inout some RandomNumberGenerator) {
        let count = min(max(Payload.variety / max(size, 1), 1), 4_096)
        values = (0..<count).map { _ in Payload.letters(size, &generator) }
    }

    func value(_ index: Int) -> [UInt8] { values[index % values.count] }

    private static func letters(_ count: Int, _ generator: inout some RandomNumberGenerator) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { room, filled in
            while filled < count {
                var bits = generator.next()
                for _ in 0..<min(8, count - filled) {
                    room[filled] = UInt8(ascii: "A") + UInt8(truncatingIfNeeded: ((bits & 0xFF) * 26) >> 8)
                    bits >>= 8
                    filled += 1
                }
            }
        }
    }
}
