import CommandLine
import Runtime

/// Tells people every few seconds how a benchmark goes.
final class ProgressNotes {
    private static let interval = Interval.seconds(5)

    private let session: ClientSession
    private let isEnabled: Bool
    private var since: MonotonicTime?
    private var records = 0
    private var bytes = 0
    private var latency = LatencyDistribution()

    init(_ session: ClientSession, isEnabled: Bool) {
        self.session = session
        self.isEnabled = isEnabled
    }

    /// Takes a record; `now` is the time it was done.
    func count(bytes: Int, latency nanoseconds: Int64?, now: MonotonicTime) {
        guard isEnabled else { return }
        records += 1
        self.bytes += bytes
        if let nanoseconds { latency.record(nanoseconds: nanoseconds) }
        let since = since ?? now
        self.since = since
        if now - since >= ProgressNotes.interval { say((now - since).nanoseconds, now) }
    }

    private func say(_ nanoseconds: Int64, _ now: MonotonicTime) {
        let seconds = Double(nanoseconds) / 1e9
        var text = "\(grouped(Int(Double(records) / seconds))) records/s"
        text += ", \(tenths(Double(bytes) / seconds / 1_048_576)) MiB/s"
        if let half = latency.quantile(0.5) {
            text += ", p50 \(durationText(half)), max \(durationText(latency.maximum))"
        }
        session.terminal.writeError("\(session.terminal.errorStyle.dim(text))\n")
        since = now
        (records, bytes, latency) = (0, 0, LatencyDistribution())
    }
}
