import Quotas
import Testing

/// Measures of several shards, and their bounds.
@Suite struct QuotaUsageTests {
    private let window = QuotaWindow(samples: 11, sampleMs: 1_000)

    @Test func shardsThatTellEachOtherMeasureTheSame() {
        var shards = (0..<3).map { _ in QuotaUsage<String>(window: window, reports: true) }
        for step in 0..<30 {
            _ = shards[step % 3].record(100, of: "c", limit: 1_000, now: Int64(step) * 10)
        }
        // Before they told each other each knows its own third.
        #expect(shards.indices.allSatisfy { (96...100).contains(shards[$0].measures(now: 300)[0].rate) })
        for index in shards.indices {
            let reports = shards[index].takeReports()
            for other in shards.indices where other != index { shards[other].add(reports, now: 300) }
        }
        for index in shards.indices {
            let rate = shards[index].measures(now: 300)[0].rate
            #expect(rate > 290 && rate <= 300)
            // What was told is not told again.
            let more = shards[index].takeReports()
            #expect(more.isEmpty)
        }
    }

    @Test func whatWasTakenBackIsNotReported() {
        var usage = QuotaUsage<String>(window: window, reports: true)
        let pauses = [50_000, -50_000].map { usage.record($0, of: "c", limit: 1_000, now: 0) }
        #expect(pauses == [40_000, 0])
        let reports = usage.takeReports()
        #expect(reports.isEmpty)
    }

    @Test func measuresAreBoundedAndThoseThatRestGoFirst() {
        var usage = QuotaUsage<Int>(window: window, capacity: 100)
        for key in 0..<10_000 {
            _ = usage.record(1, of: key, limit: 1, now: Int64(key))
            #expect(usage.count <= 100)
        }
        let kept = usage.measures(now: 10_000).map(\.key)
        #expect(kept.contains(9_999))
        #expect(kept.allSatisfy { $0 > 9_800 })
    }

    @Test func aMeasureThatRestedAnHourIsDropped() {
        var usage = QuotaUsage<String>(window: window)
        _ = usage.record(1, of: "a", limit: 1, now: 0)
        _ = usage.record(1, of: "b", limit: 1, now: 1_000)
        usage.expire(now: 3_600_000)
        #expect(usage.measures(now: 3_600_000).map(\.key) == ["b"])
    }

    @Test func pausesAreAveraged() throws {
        var usage = QuotaUsage<String>(window: window)
        _ = usage.record(1, of: "a", limit: 1, now: 0)
        for ms in [Int64(100), 300] { usage.throttled("a", ms: ms, now: 0) }
        let measure = try #require(usage.measures(now: 10).first)
        #expect(measure.throttledMs / measure.throttles == 200)
    }
}
