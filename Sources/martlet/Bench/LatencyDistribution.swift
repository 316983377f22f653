/// How long things took: counts in buckets that are 1/128 of their value wide, from 1 ns to over an hour.
struct LatencyDistribution: Sendable {
    private static let bucketCount = 35 * 128 + 256
    /// Fewer than so many beyond a percentile are chance.
    private static let tail = 10.0

    private var counts = [Int](repeating: 0, count: bucketCount)
    private(set) var count = 0
    private(set) var maximum: Int64 = 0
    private var sum = 0.0

    /// In nanoseconds.
    var mean: Double? { count > 0 ? sum / Double(count) : nil }

    mutating func record(nanoseconds: Int64) {
        let length = max(nanoseconds, 0)
        counts[LatencyDistribution.bucket(UInt64(length))] += 1
        count += 1
        maximum = max(maximum, length)
        sum += Double(length)
    }

    /// The length, in nanoseconds, that this share of all did not exceed, to 1/128 of it; nil where so few lie beyond that
    /// another run would say something else.
    func quantile(_ share: Double) -> Int64? {
        guard Double(count) * (1 - share) >= LatencyDistribution.tail else { return nil }
        let rank = Int((Double(count) * share).rounded(.up))
        var below = 0
        for (index, inBucket) in counts.enumerated() {
            below += inBucket
            if below >= rank { return min(LatencyDistribution.lowerBound(index + 1) - 1, maximum) }
        }
        return maximum
    }

    /// The customary percentiles, as far as the count carries them.
    var percentiles: [(name: String, nanoseconds: Int64)] {
        [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("p99.99", 0.9999)].compactMap { name, share in
            quantile(share).map { (name, $0) }
        }
    }

    private static func bucket(_ length: UInt64) -> Int {
        if length < 256 { return Int(length) }
        let octave = 63 - length.leadingZeroBitCount
        return min((octave - 7) * 128 + Int(length >> UInt64(octave - 7)), bucketCount - 1)
    }

    private static func lowerBound(_ index: Int) -> Int64 {
        if index < 256 { return Int64(index) }
        let octave = index / 128 + 6
        return Int64(index - (octave - 7) * 128) << Int64(octave - 7)
    }
}
