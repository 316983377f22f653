/// The producer ids that this shard may give away.
struct ProducerIDBlock {
    var block: Range<Int64> = 0..<0
    var isAsking = false
    var waiting: [(Int64?) -> Void] = []

    mutating func take() -> Int64? {
        guard let id = block.first else { return nil }
        block = id + 1..<block.upperBound
        return id
    }
}
