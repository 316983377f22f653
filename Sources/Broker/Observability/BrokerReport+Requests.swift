import KafkaProtocol
import Metrics

extension BrokerReport {
    private static let quantiles = [0.5, 0.75, 0.95, 0.98, 0.99, 0.999]

    private typealias DurationFamily = (
        name: String, help: String, durations: @Sendable (RequestDurations) -> LatencyHistogram
    )

    private static let durationFamilies: [DurationFamily] = [
        ("totaltimems", "Milliseconds from a request's arrival to its answer.", { $0.total }),
        ("requestqueuetimems", "Milliseconds that a request waited for its turn.", { $0.queue }),
        ("localtimems", "Milliseconds of work on a request, its disk writes included.", { $0.local }),
        (
            "throttletimems", "Milliseconds that a client over its quota was not listened to after the answer.",
            { $0.throttleOfAll }
        ),
        ("remotetimems", "Milliseconds that a request waited for syncs, records or other threads.", { $0.remote }),
    ]

    /// Requests, errors and times by API. The quantiles are those of the last minutes.
    func writeRequests(to writer: inout ExpositionWriter) {
        let apis = apis
        writer.begin("kafka_network_requestmetrics_requests_total", .counter, "Requests.")
        for (key, counts) in apis {
            for name in key.metricNames {
                for (version, count) in counts.requests.enumerated() where count > 0 {
                    writer.sample(count, [Dimension("request", name), Dimension("version", String(version))])
                }
            }
        }
        writer.begin(
            "kafka_network_requestmetrics_errors_total", .counter, "Answers by error; NONE for those without.")
        for (key, counts) in apis {
            for name in key.metricNames {
                for (index, count) in counts.errors.enumerated() where count > 0 {
                    let error = ErrorCode(rawValue: Int16(index - 1))
                    writer.sample(count, [Dimension("request", name), Dimension("error", "\(error)")])
                }
            }
        }
        for family in BrokerReport.durationFamilies {
            writer.begin("kafka_network_requestmetrics_\(family.name)", .summary, family.help)
            for (key, counts) in apis {
                let recent = recent.durations[key].map(family.durations) ?? LatencyHistogram()
                for name in key.metricNames {
                    let request = Dimension("request", name)
                    BrokerReport.writeSummary(
                        family.durations(counts.durations), recent: recent, [request], to: &writer)
                }
            }
        }
        writer.begin(
            "martlet_request_duration_seconds", .histogram, "Time from a request's arrival to its answer.")
        for (key, counts) in apis {
            BrokerReport.writeBuckets(counts.durations.total, [Dimension("request", key.metricName)], to: &writer)
        }
    }

    /// In milliseconds: the quantiles of the last minutes, count and sum of the whole run.
    static func writeSummary(
        _ whole: LatencyHistogram, recent: LatencyHistogram, _ dimensions: [Dimension],
        to writer: inout ExpositionWriter
    ) {
        for share in quantiles {
            let quantile = recent.quantile(share).map { $0 * 1_000 } ?? .nan
            writer.sample(quantile, dimensions + [Dimension("quantile", String(share))])
        }
        writer.sample(whole.sumSeconds * 1_000, suffix: "_sum", dimensions)
        writer.sample(whole.count, suffix: "_count", dimensions)
    }

    static func writeBuckets(
        _ histogram: LatencyHistogram, _ dimensions: [Dimension], to writer: inout ExpositionWriter
    ) {
        for (bound, count) in histogram.octaves {
            writer.sample(count, suffix: "_bucket", dimensions + [Dimension("le", String(bound))])
        }
        writer.sample(histogram.count, suffix: "_bucket", dimensions + [Dimension("le", "+Inf")])
        writer.sample(histogram.sumSeconds, suffix: "_sum", dimensions)
        writer.sample(histogram.count, suffix: "_count", dimensions)
    }
}
