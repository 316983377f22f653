/// Which parts of a segment had their checksums compared since it was opened: all batches that begin in a block of 1 MiB,
/// or at or past `end`, where this process itself wrote everything.
struct VerifiedBlocks: Sendable {
    static let blockSize: Int64 = 1 << 20

    /// From here on everything is verified.
    var end: Int64 = 0
    private var bits: [UInt64] = []

    /// The blocks that still have to be looked at before batches that begin in this range can be served.
    func missing(in positions: Range<Int64>) -> [Int64] {
        let upper = min(positions.upperBound, end)
        guard positions.lowerBound < upper else { return [] }
        let blocks = (positions.lowerBound / VerifiedBlocks.blockSize)...((upper - 1) / VerifiedBlocks.blockSize)
        return blocks.filter { !contains($0) }
    }

    private func contains(_ block: Int64) -> Bool {
        let word = Int(block / 64)
        return word < bits.count && bits[word] & (1 << UInt64(block % 64)) != 0
    }

    mutating func insert(_ block: Int64) {
        let word = Int(block / 64)
        while bits.count <= word { bits.append(0) }
        bits[word] |= 1 << UInt64(block % 64)
    }

    /// Adds what another copy of this value has learnt.
    mutating func formUnion(_ other: VerifiedBlocks) {
        while bits.count < other.bits.count { bits.append(0) }
        for (word, value) in other.bits.enumerated() { bits[word] |= value }
    }
}
