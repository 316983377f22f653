/// Over how long a use is measured: so many samples of such a length, the newest of which still grows.
public struct QuotaWindow: Equatable, Sendable {
    public let samples: Int
    public let sampleMs: Int64

    /// At least one sample of a millisecond, at most a million of 30 days.
    public init(samples: Int, sampleMs: Int64) {
        self.samples = min(max(samples, 1), 1_000_000)
        self.sampleMs = min(max(sampleMs, 1), 30 * 86_400_000)
    }

    var lengthMs: Int64 { Int64(samples) * sampleMs }

    var seconds: Double { Double(lengthMs) / 1_000 }

    /// The most that can be used at once without a pause for certain: what the limit gives while all samples but the newest
    /// pass.
    public func largestUse(_ limit: Double) -> Double {
        limit * Double(max(samples - 1, 1)) * Double(sampleMs) / 1_000
    }
}
