/// The metrics of one owner: a shard, the control plane. Not shared between threads; what leaves is a snapshot.
public final class MetricsRegistry {
    private enum Instrument {
        case counter(Counter)
        case gauge(Gauge)
        case histogram(Histogram)
    }

    private struct Family {
        let help: String
        var instruments: [(dimensions: [Dimension], instrument: Instrument)]
    }

    private var families: [String: Family] = [:]

    public init() {}

    /// A counter under a name that should end in `_total`. Asked for again, the same counter comes back.
    public func counter(label: String, dimensions: [Dimension] = [], help: String = "") -> Counter {
        if case .counter(let counter)? = find(label, dimensions) { return counter }
        let counter = Counter()
        add(.counter(counter), label, dimensions, help)
        return counter
    }

    public func gauge(label: String, dimensions: [Dimension] = [], help: String = "") -> Gauge {
        if case .gauge(let gauge)? = find(label, dimensions) { return gauge }
        let gauge = Gauge()
        add(.gauge(gauge), label, dimensions, help)
        return gauge
    }

    public func histogram(
        label: String, dimensions: [Dimension] = [], bounds: [Double] = Histogram.latencyBounds, help: String = ""
    ) -> Histogram {
        if case .histogram(let histogram)? = find(label, dimensions) { return histogram }
        let histogram = Histogram(bounds: bounds)
        add(.histogram(histogram), label, dimensions, help)
        return histogram
    }

    /// Forgets the samples of `label` with these dimensions, those of a deleted topic for instance.
    public func remove(label: String, dimensions: [Dimension]) {
        families[label]?.instruments.removeAll { $0.dimensions == dimensions }
    }

    /// The values of this moment, which may leave the thread.
    public func snapshot() -> MetricsSnapshot {
        var snapshot = MetricsSnapshot()
        for (label, family) in families {
            for (dimensions, instrument) in family.instruments {
                let value: MetricsSnapshot.Value =
                    switch instrument {
                    case .counter(let counter): .counter(Double(counter.value))
                    case .gauge(let gauge): .gauge(gauge.value)
                    case .histogram(let histogram):
                        .histogram(bounds: histogram.bounds, counts: histogram.counts, sum: histogram.sum)
                    }
                snapshot.add(value, label: label, dimensions: dimensions, help: family.help)
            }
        }
        return snapshot
    }

    private func find(_ label: String, _ dimensions: [Dimension]) -> Instrument? {
        families[label]?.instruments.first { $0.dimensions == dimensions }?.instrument
    }

    private func add(_ instrument: Instrument, _ label: String, _ dimensions: [Dimension], _ help: String) {
        families[label, default: Family(help: help, instruments: [])].instruments.append((dimensions, instrument))
    }
}
