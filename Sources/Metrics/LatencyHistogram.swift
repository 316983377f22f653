/// Counts durations in buckets that are a quarter of their octave wide, from 1 µs to 67 s: a value, to be owned by one
/// thread and copied to another. Recording is an addition.
public struct LatencyHistogram: Sendable, Equatable {
    /// Four to each power of two of microseconds; the last takes what is longer, too.
    static let bucketCount = 104

    private var counts = [Int64](repeating: 0, count: LatencyHistogram.bucketCount)
    public private(set) var count: Int64 = 0
    public private(set) var sumNanoseconds: Int64 = 0

    public init() {}

    public var sumSeconds: Double { Double(sumNanoseconds) / 1e9 }

    /// Records `count` durations of this length; negative ones count as none at all.
    @inline(__always)
    public mutating func record(nanoseconds: Int64, count: Int64 = 1) {
        let length = max(nanoseconds, 0)
        counts[LatencyHistogram.bucket(UInt64(length) / 1_000)] &+= count
        self.count &+= count
        sumNanoseconds &+= length &* count
    }

    public mutating func merge(_ other: LatencyHistogram) {
        for index in counts.indices { counts[index] &+= other.counts[index] }
        count &+= other.count
        sumNanoseconds &+= other.sumNanoseconds
    }

    /// What was recorded since the histogram was `earlier`.
    public func since(_ earlier: LatencyHistogram) -> LatencyHistogram {
        var difference = self
        for index in counts.indices { difference.counts[index] &-= earlier.counts[index] }
        difference.count &-= earlier.count
        difference.sumNanoseconds &-= earlier.sumNanoseconds
        return difference
    }

    /// The duration in seconds below which this share of all lies, to a quarter of it; nil where nothing was recorded.
    public func quantile(_ share: Double) -> Double? {
        guard count > 0 else { return nil }
        let rank = share * Double(count)
        var below: Int64 = 0
        for (index, inBucket) in counts.enumerated() where inBucket > 0 {
            if Double(below + inBucket) >= rank {
                let lower = Double(LatencyHistogram.lowerBound(index))
                let upper = Double(LatencyHistogram.lowerBound(index + 1))
                return (lower + (upper - lower) * max(rank - Double(below), 0) / Double(inBucket)) / 1e6
            }
            below += inBucket
        }
        return Double(LatencyHistogram.lowerBound(counts.count)) / 1e6
    }

    /// How many were shorter than each power of two of microseconds from 64 µs to 67 s, with that bound in seconds.
    public var octaves: [(bound: Double, count: Int64)] {
        var octaves: [(bound: Double, count: Int64)] = []
        var shorter: Int64 = 0
        for (index, inBucket) in counts.enumerated() {
            shorter += inBucket
            // An octave's last bucket.
            if index >= 19, index % 4 == 3, index + 1 < counts.count {
                octaves.append((Double(LatencyHistogram.lowerBound(index + 1)) / 1e6, shorter))
            }
        }
        return octaves
    }

    @inline(__always)
    private static func bucket(_ microseconds: UInt64) -> Int {
        if microseconds < 4 { return Int(microseconds) }
        let octave = 63 - microseconds.leadingZeroBitCount
        return min((octave - 2) * 4 + Int(microseconds >> UInt64(octave - 2)), bucketCount - 1)
    }

    /// In microseconds.
    private static func lowerBound(_ index: Int) -> UInt64 {
        if index < 4 { return UInt64(index) }
        let octave = index / 4 + 1
        return UInt64(index % 4 + 4) << UInt64(octave - 2)
    }
}
