/// What a benchmark has measured.
struct BenchReport: Sendable {
    /// `produce`, `consume`, `latency`.
    let command: String
    var records = 0
    /// Of keys and values, as they were before compression.
    var bytes = 0
    var failed = 0
    /// From the first record to the last.
    var seconds = 0.0
    /// By what was measured: `acknowledged`, `consumed`.
    var latencies: [(name: String, distribution: LatencyDistribution)] = []
    /// What was asked for, as JSON values.
    var settings: [(name: String, json: String)] = []

    private var recordsPerSecond: Double { seconds > 0 ? Double(records) / seconds : 0 }
    private var bytesPerSecond: Double { seconds > 0 ? Double(bytes) / seconds : 0 }
}

// MARK: - For people

extension BenchReport {
    var text: String {
        var text = "\(counted(records, "record")) in \(tenths(seconds)) s: "
        text += "\(grouped(Int(recordsPerSecond))) records/s, \(tenths(bytesPerSecond / 1_048_576)) MiB/s\n"
        for (name, distribution) in latencies where distribution.count > 0 {
            let parts =
                distribution.percentiles.map { "\($0.name) \(durationText($0.nanoseconds))" }
                + ["max \(durationText(distribution.maximum))"]
            text += "\(name): \(parts.joined(separator: ", "))\n"
        }
        if failed > 0 { text += "\(counted(failed, "record")) failed\n" }
        return text
    }
}

// MARK: - For programs

extension BenchReport {
    var json: [UInt8] {
        var text = "{\"command\":\"\(command)\",\"records\":\(records),\"bytes\":\(bytes),\"failed\":\(failed)"
        text += ",\"seconds\":\(seconds),\"recordsPerSecond\":\(recordsPerSecond)"
        text += ",\"bytesPerSecond\":\(bytesPerSecond)"
        text += ",\"settings\":{\(settings.map { "\"\($0.name)\":\($0.json)" }.joined(separator: ","))}"
        text += ",\"latencyMilliseconds\":{"
        text += latencies.filter { $0.distribution.count > 0 }.map { name, distribution in
            var parts = distribution.percentiles.map { "\"\($0.name)\":\(milliseconds(Double($0.nanoseconds)))" }
            parts.append("\"max\":\(milliseconds(Double(distribution.maximum)))")
            parts.append("\"mean\":\(milliseconds(distribution.mean ?? 0))")
            return "\"\(name)\":{\(parts.joined(separator: ","))}"
        }.joined(separator: ",")
        return Array("\(text)}}\n".utf8)
    }

    /// With three digits after the point.
    private func milliseconds(_ nanoseconds: Double) -> Double { (nanoseconds / 1e3).rounded() / 1e3 }
}

extension BenchReport {
    /// Adds what was asked for.
    mutating func note(_ load: LoadOptions, linger: Int, partitions: Int) {
        settings += [
            ("size", "\(load.size)"), ("partitions", "\(partitions)"), ("acks", "\"\(load.acks.rawValue)\""),
            ("codec", "\"\(load.codec.rawValue)\""), ("linger", "\(load.linger ?? linger)"),
            ("batchSize", "\(load.batchSize)"), ("rate", load.rate.map { "\($0)" } ?? "null"),
            ("warmUp", "\(load.warmUp)"),
        ]
    }
}
