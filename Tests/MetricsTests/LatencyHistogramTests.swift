import Testing

@testable import Metrics

struct LatencyHistogramTests {
    private func filled(_ microseconds: some Sequence<Int64>) -> LatencyHistogram {
        var histogram = LatencyHistogram()
        for value in microseconds { histogram.record(nanoseconds: value * 1_000) }
        return histogram
    }

    @Test(arguments: [0.01, 0.25, 0.5, 0.9, 0.99, 0.999])
    func quantilesAreNearTheTruth(share: Double) throws {
        let histogram = filled(1...100_000)
        let found = try #require(histogram.quantile(share)) * 1e6
        let truth = share * 100_000
        #expect(abs(found - truth) <= truth / 4 + 1, "\(found) for \(truth)")
    }

    @Test func everyLengthHasItsBucket() throws {
        var lengths: [Int64] = [0, 1, 3, 4, 7, 8]
        for octave in 4..<26 { lengths += [(1 << octave) - 1, 1 << octave, (1 << octave) + 1] }
        for length in lengths {
            let found = try #require(filled([length]).quantile(0.5)) * 1e6
            #expect(abs(found - Double(length)) <= Double(length) / 4 + 1, "\(found) for \(length)")
        }
    }

    @Test func longestAndNegativeAreKept() {
        var histogram = LatencyHistogram()
        histogram.record(nanoseconds: .max)
        histogram.record(nanoseconds: -5)
        #expect(histogram.count == 2)
        #expect(histogram.octaves.first?.count == 1)
        #expect(histogram.octaves.last?.count == 1)
    }

    @Test func octavesCountWhatIsShorter() {
        let octaves = filled([10, 63, 64, 100, 128, 1_000_000]).octaves
        #expect(octaves.first?.bound == 0.000064)
        #expect(octaves.first?.count == 2)
        #expect(octaves[1].bound == 0.000128)
        #expect(octaves[1].count == 4)
        #expect(octaves.last?.count == 6)
        #expect(octaves.map(\.count) == octaves.map(\.count).sorted())
    }

    @Test func differenceIsWhatCameSince() throws {
        let earlier = filled(repeatElement(10, count: 100))
        var later = earlier
        later.merge(filled(repeatElement(5_000, count: 10)))
        let since = later.since(earlier)
        #expect(since.count == 10)
        #expect(since.sumSeconds == 0.05)
        #expect(try #require(since.quantile(0.01)) > 0.004)
        #expect(later.since(later).quantile(0.5) == nil)
    }
}

struct ExpositionWriterTests {
    @Test func familiesAreWrittenAsPrometheusReadsThem() {
        var writer = ExpositionWriter()
        writer.begin("a_total", .counter, "What \\ there\nis.")
        writer.sample(3, [Dimension("topic", "x\"y\\z\n")])
        writer.begin("b", .summary, "")
        writer.sample(0.5, [Dimension("quantile", "0.99"), Dimension("request", "Fetch")])
        writer.sample(1 << 40, suffix: "_count", [Dimension("request", "Fetch")])
        writer.sample(Double.nan)
        #expect(
            String(decoding: writer.bytes, as: UTF8.self) == """
                # HELP a_total What \\\\ there\\nis.
                # TYPE a_total counter
                a_total{topic="x\\"y\\\\z\\n"} 3
                # TYPE b summary
                b{quantile="0.99",request="Fetch"} 0.5
                b_count{request="Fetch"} 1099511627776
                b NaN

                """)
    }
}
