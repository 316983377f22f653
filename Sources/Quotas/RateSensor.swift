/// Measures a use by the second over a window, as Kafka's `Rate` does.
///
/// A sample begins with the first use after the one before it was complete, so the samples follow one another without gaps
/// only while there is use. The window reaches back to the start of its oldest sample. Where there are fewer samples than
/// it has, those that are missing count as time without use: a first burst is measured against the whole window.
public struct RateSensor: Sendable {
    private struct Sample {
        var start: Int64
        var last: Int64
        var sum: Double

        init(at now: Int64) {
            start = now
            last = now
            sum = 0
        }
    }

    /// One more than the window has: the oldest is kept while a part of it lies in the window.
    private var samples: [Sample] = []
    private var current = 0

    public init() {}

    /// Counts an amount; a negative one takes back what was counted.
    ///
    /// - Parameter now: milliseconds of a clock that does not go back.
    public mutating func record(_ amount: Double, now: Int64, _ window: QuotaWindow) {
        if samples.isEmpty {
            samples.append(Sample(at: now))
        } else if now - samples[current].start >= window.sampleMs {
            current = (current + 1) % (window.samples + 1)
            if current < samples.count { samples[current] = Sample(at: now) } else { samples.append(Sample(at: now)) }
        }
        samples[current].sum += amount
        samples[current].last = now
    }

    /// What was used by the second.
    public func rate(now: Int64, _ window: QuotaWindow) -> Double {
        let (sum, spanMs) = observed(now, window)
        return sum / (spanMs / 1_000)
    }

    /// How long nothing may be used for the rate to come down to the limit; 0 where it is not above.
    ///
    /// - Parameter limit: by the second, above 0.
    public func throttleMs(above limit: Double, now: Int64, _ window: QuotaWindow) -> Int64 {
        let (sum, spanMs) = observed(now, window)
        let rate = sum / (spanMs / 1_000)
        return rate > limit ? Int64(clampingRounded: (rate - limit) / limit * spanMs) : 0
    }

    /// What the samples in the window add up to, and the milliseconds that they stand for.
    private func observed(_ now: Int64, _ window: QuotaWindow) -> (sum: Double, spanMs: Double) {
        var sum = 0.0
        var start = now
        for sample in samples where now - sample.last < window.lengthMs {
            sum += sample.sum
            start = min(start, sample.start)
        }
        let elapsed = now - start
        let missing = max(Int64(window.samples) - 1 - elapsed / window.sampleMs, 0)
        return (sum, Double(max(elapsed + missing * window.sampleMs, window.sampleMs)))
    }
}

extension Int64 {
    /// The nearest whole number; the largest there is for what is larger.
    init(clampingRounded value: Double) {
        let rounded = value.rounded()
        self = rounded < Double(Int64.max) ? Int64(Swift.max(rounded, 0)) : .max
    }
}
