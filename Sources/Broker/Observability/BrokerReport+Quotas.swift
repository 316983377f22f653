import Bytes
import Metrics
import Quotas

extension BrokerReport {
    /// Series of one kind of quota; clients beyond these have none.
    private static let maximumQuotaSeries = 1_000

    private struct Use {
        var rate = 0.0
        var throttledMs = 0.0
        var throttles = 0.0

        /// Every shard measures the whole broker; one may have heard a little less of the others. Pauses are each shard's own.
        mutating func add(_ measure: QuotaUsage<QuotaKey>.Measure) {
            rate = max(rate, measure.rate)
            throttledMs += measure.throttledMs
            throttles += measure.throttles
        }

        var averageThrottleMs: Double { throttles > 0 ? throttledMs / throttles : 0 }
    }

    /// What clients use of their quotas, and how long they pause.
    func writeQuotas(to writer: inout ExpositionWriter) {
        var uses: [QuotaKind: [QuotaKey: Use]] = [:]
        for measure in shards.flatMap(\.quotas) {
            uses[measure.key.kind, default: [:]][measure.key, default: Use()].add(measure)
        }
        writer.begin("martlet_quota_measures", .gauge, "Users, client ids and pairs of them that use a quota.")
        for kind in QuotaKind.allCases { writer.sample(uses[kind]?.count ?? 0, [Dimension("quota", kind.quotaName)]) }
        for kind in QuotaKind.allCases {
            let rows = (uses[kind] ?? [:]).sorted { $0.key.sortKey < $1.key.sortKey }
                .prefix(BrokerReport.maximumQuotaSeries)
            guard !rows.isEmpty else { continue }
            let family = "kafka_server_\(kind.metricName)"
            if let (suffix, help) = kind.rate {
                writer.begin("\(family)_\(suffix)", .gauge, help)
                for (key, use) in rows { writer.sample(use.rate, key.dimensions) }
            }
            writer.begin(
                "\(family)_throttle_time", .gauge, "Milliseconds of a pause for the quota, on average of late.")
            for (key, use) in rows { writer.sample(use.averageThrottleMs, key.dimensions) }
        }
    }
}

extension QuotaKind {
    /// Kafka's name of the group of metrics.
    fileprivate var metricName: String {
        switch self {
        case .produce: "produce"
        case .fetch: "fetch"
        case .request: "request"
        case .controllerMutation: "controllermutation"
        }
    }

    /// The name of what is measured, where a shard measures it.
    fileprivate var rate: (name: String, help: String)? {
        switch self {
        case .produce, .fetch: ("byte_rate", "Bytes by the second of clients with such a quota.")
        case .request: ("request_time", "Percent of a thread's time of clients with such a quota.")
        case .controllerMutation: nil
        }
    }
}

extension QuotaKey {
    fileprivate var sortKey: (Name, Name) { (user ?? "", clientID ?? "") }

    fileprivate var dimensions: [Dimension] {
        [Dimension("user", user?.text ?? ""), Dimension("client_id", clientID?.text ?? "")]
    }
}
