/// Values to send: capital letters by chance, as Kafka's own tool has them, so that codecs find what they find there.
struct Payload {
    /// Bytes of all values together that differ, so that a batch has no value twice.
    private static let variety = 4 << 20

    private let values: [[UInt8]]

    init(size: Int, using generator: inout some RandomNumberGenerator) {
        let count = min(max(Payload.variety / max(size, 1), 1), 4_096)
        values = (0..<count).map { _ in
            (0..<size).map { _ in UInt8.random(in: UInt8(ascii: "A")...UInt8(ascii: "Z"), using: &generator) }
        }
    }

    func value(_ index: Int) -> [UInt8] { values[index % values.count] }
}
