/// Chooses partitions as Kafka's own producer does, so that a key lands on the same partition whoever writes it.
struct Partitioner {
    /// Records without a key stay on one partition until it got this many bytes, so that batches fill up.
    private let stickyBytes: Int
    private var sticky: [String: (partition: Int32, bytesLeft: Int)] = [:]

    init(stickyBytes: Int) { self.stickyBytes = max(1, stickyBytes) }

    /// The partition of a key among `count`.
    static func partition(ofKey key: [UInt8], count: Int) -> Int32 {
        precondition(count > 0, "a topic has a partition")
        let positive = murmur2(key) & 0x7FFF_FFFF
        return Int32(truncatingIfNeeded: Int(positive) % count)
    }

    /// The partition for a record of `size` bytes without a key. `available` are those with a leader, `count` is that of
    /// all.
    mutating func stickyPartition(
        topic: String, size: Int, available: [Int32], count: Int, using generator: inout some RandomNumberGenerator
    ) -> Int32 {
        if let current = sticky[topic], current.bytesLeft > 0,
            available.isEmpty || available.contains(current.partition)
        {
            sticky[topic] = (current.partition, current.bytesLeft - size)
            return current.partition
        }
        let previous = sticky[topic]?.partition
        let others = available.filter { $0 != previous }
        let chosen =
            others.randomElement(using: &generator) ?? available.first
            ?? Int32.random(in: 0..<Int32(max(1, count)), using: &generator)
        sticky[topic] = (chosen, stickyBytes - size)
        return chosen
    }
}

/// The 32-bit MurmurHash2 with the seed that Kafka's producer uses.
func murmur2(_ bytes: [UInt8]) -> UInt32 {
    let multiplier: UInt32 = 0x5BD1_E995
    var hash = UInt32(0x9747_B28C) ^ UInt32(truncatingIfNeeded: bytes.count)
    var index = 0
    while bytes.count - index >= 4 {
        var word =
            UInt32(bytes[index]) | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2]) << 16
            | UInt32(bytes[index + 3]) << 24
        word &*= multiplier
        word ^= word >> 24
        hash = (hash &* multiplier) ^ (word &* multiplier)
        index += 4
    }
    let rest = bytes.count - index
    if rest >= 3 { hash ^= UInt32(bytes[index + 2]) << 16 }
    if rest >= 2 { hash ^= UInt32(bytes[index + 1]) << 8 }
    if rest >= 1 { hash = (hash ^ UInt32(bytes[index])) &* multiplier }
    hash = (hash ^ (hash >> 13)) &* multiplier
    return hash ^ (hash >> 15)
}
