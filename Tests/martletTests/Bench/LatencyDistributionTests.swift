import Testing

@testable import martlet

/// Times in buckets against the times themselves.
struct LatencyDistributionTests {
    @Test func quantilesAreThoseOfTheSortedTimesToAHundredth() throws {
        var generator = SystemRandomNumberGenerator()
        var times: [Int64] = []
        var distribution = LatencyDistribution()
        for _ in 0..<20_000 {
            let time = Int64(1) << Int64.random(in: 0...36, using: &generator)
            let spread = time + Int64.random(in: 0..<time, using: &generator)
            times.append(spread)
            distribution.record(nanoseconds: spread)
        }
        times.sort()
        for share in [0.5, 0.9, 0.99, 0.999] {
            let exact = times[Int((Double(times.count) * share).rounded(.up)) - 1]
            let found = try #require(distribution.quantile(share))
            #expect(found >= exact && Double(found) <= Double(exact) * 1.01, "\(share): \(found) for \(exact)")
        }
        #expect(distribution.maximum == times.last)
        let mean = try #require(distribution.mean)
        let exact = times.reduce(0.0) { $0 + Double($1) } / Double(times.count)
        #expect(abs(mean - exact) < exact / 1e6)
    }

    @Test func percentilesAreShownAsFarAsTheCountCarriesThem() {
        var distribution = LatencyDistribution()
        #expect(distribution.percentiles.isEmpty && distribution.mean == nil)
        for count in 1...10_000 {
            distribution.record(nanoseconds: 5)
            let names = distribution.percentiles.map(\.name)
            switch count {
            case 19: #expect(names == [])
            case 20: #expect(names == ["p50"])
            case 999: #expect(names == ["p50", "p90"])
            case 1_000: #expect(names == ["p50", "p90", "p99"])
            case 10_000: #expect(names == ["p50", "p90", "p99", "p99.9"])
            default: break
            }
        }
    }

    @Test func whatIsLongerThanAnyBucketKeepsItsMaximum() {
        var distribution = LatencyDistribution()
        for _ in 0..<20 { distribution.record(nanoseconds: .max) }
        distribution.record(nanoseconds: -5)
        #expect(distribution.maximum == .max)
        #expect(distribution.quantile(0.5) != nil)
    }
}

struct PayloadTests {
    @Test func valuesAreLettersThatDiffer() {
        var generator = SystemRandomNumberGenerator()
        let payload = Payload(size: 21, using: &generator)
        let values = Set((0..<100).map { payload.value($0) })
        #expect(values.count == 100)
        let letters = Set(values.flatMap { $0 })
        #expect(letters == Set(UInt8(ascii: "A")...UInt8(ascii: "Z")))
        #expect(values.allSatisfy { $0.count == 21 })
        #expect(Payload(size: 0, using: &generator).value(7).isEmpty)
    }
}
