import DiskScheduler
import KafkaProtocol
import Metrics
import Runtime

/// What was counted some minutes ago, so that quantiles and shares of time speak of the last minutes and not of the whole
/// run. It learns from being asked: without questions it has nothing to remember.
struct MetricsHistory {
    /// How far back quantiles reach, and how far apart samples lie at least.
    private static let reach = Interval.seconds(300)
    private static let spacing = Interval.seconds(10)

    private struct Sample {
        let time: MonotonicTime
        let durations: [ApiKey: RequestDurations]
        let syncs: LatencyHistogram
        let busyNanoseconds: Int64
    }

    private var samples: [Sample] = []

    /// Notes these reports, and says what they add to the oldest ones within reach.
    mutating func add(_ reports: [ShardReport], now: MonotonicTime) -> RecentMetrics {
        samples.removeAll { now - $0.time > MetricsHistory.reach }
        let sample = MetricsHistory.sample(reports, now)
        let recent = compare(sample, shards: reports.count)
        if samples.last.map({ now - $0.time >= MetricsHistory.spacing }) ?? true { samples.append(sample) }
        return recent
    }

    private static func sample(_ reports: [ShardReport], _ now: MonotonicTime) -> Sample {
        var durations: [ApiKey: RequestDurations] = [:]
        var syncs = LatencyHistogram()
        var busy: Int64 = 0
        for report in reports {
            for (key, counts) in report.apis { durations[key, default: RequestDurations()].merge(counts.durations) }
            syncs.merge(report.disk.syncTimes)
            busy += report.loop.busyNanoseconds
        }
        return Sample(time: now, durations: durations, syncs: syncs, busyNanoseconds: busy)
    }

    private func compare(_ sample: Sample, shards: Int) -> RecentMetrics {
        guard let earlier = samples.first, sample.time > earlier.time else {
            return RecentMetrics(durations: sample.durations, syncs: sample.syncs, idleShare: nil)
        }
        var durations: [ApiKey: RequestDurations] = [:]
        for (key, now) in sample.durations {
            durations[key] = now.since(earlier.durations[key] ?? RequestDurations())
        }
        let elapsed = Double((sample.time - earlier.time).nanoseconds) * Double(shards)
        let busy = Double(sample.busyNanoseconds - earlier.busyNanoseconds)
        return RecentMetrics(
            durations: durations, syncs: sample.syncs.since(earlier.syncs),
            idleShare: min(max(1 - busy / elapsed, 0), 1))
    }
}

/// What happened in the last minutes.
struct RecentMetrics: Sendable {
    var durations: [ApiKey: RequestDurations]
    var syncs: LatencyHistogram
    /// Share of the shards' time that they waited for something to do; nil before there is anything to compare with.
    var idleShare: Double?
}
