/// A snapshot in Prometheus' text exposition format.
public struct PrometheusText {
    public static let contentType = ExpositionWriter.contentType

    private let snapshot: MetricsSnapshot

    public init(_ snapshot: MetricsSnapshot) { self.snapshot = snapshot }

    /// Families by name and samples by dimensions, so that the same values make the same text.
    public var rendered: String {
        var writer = ExpositionWriter()
        for (label, family) in snapshot.families.sorted(by: { $0.key < $1.key }) {
            guard let first = family.samples.values.first else { continue }
            writer.begin(label, kind(first), family.help)
            let samples = family.samples.sorted { left, right in
                left.key.lexicographicallyPrecedes(right.key) { ($0.name, $0.value) < ($1.name, $1.value) }
            }
            for (dimensions, value) in samples { append(value, dimensions, to: &writer) }
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private func kind(_ value: MetricsSnapshot.Value) -> ExpositionWriter.Kind {
        switch value {
        case .counter: .counter
        case .gauge: .gauge
        case .histogram: .histogram
        }
    }

    private func append(
        _ value: MetricsSnapshot.Value, _ dimensions: [Dimension], to writer: inout ExpositionWriter
    ) {
        switch value {
        case .counter(let number), .gauge(let number): writer.sample(number, dimensions)
        case .histogram(let bounds, let counts, let sum):
            var cumulative: Int64 = 0
            for (bound, count) in zip(bounds + [.infinity], counts) {
                cumulative += count
                let upTo = Dimension("le", ExpositionWriter.text(of: bound))
                writer.sample(cumulative, suffix: "_bucket", dimensions + [upTo])
            }
            writer.sample(sum, suffix: "_sum", dimensions)
            writer.sample(cumulative, suffix: "_count", dimensions)
        }
    }
}
