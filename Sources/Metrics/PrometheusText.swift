/// A snapshot in Prometheus' text exposition format, version 0.0.4.
public struct PrometheusText {
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private let snapshot: MetricsSnapshot

    public init(_ snapshot: MetricsSnapshot) { self.snapshot = snapshot }

    /// Families by name and samples by dimensions, so that the same values make the same text.
    public var rendered: String {
        var text = ""
        for (label, family) in snapshot.families.sorted(by: { $0.key < $1.key }) {
            guard let first = family.samples.values.first else { continue }
            if !family.help.isEmpty { text += "# HELP \(label) \(escaped(family.help, quotes: false))\n" }
            text += "# TYPE \(label) \(typeName(first))\n"
            let samples = family.samples.map { (labels: $0.key.map(render), value: $0.value) }
            for sample in samples.sorted(by: { $0.labels.lexicographicallyPrecedes($1.labels) }) {
                append(sample.value, label, sample.labels, to: &text)
            }
        }
        return text
    }

    private func typeName(_ value: MetricsSnapshot.Value) -> String {
        switch value {
        case .counter: "counter"
        case .gauge: "gauge"
        case .histogram: "histogram"
        }
    }

    private func append(_ value: MetricsSnapshot.Value, _ label: String, _ labels: [String], to text: inout String) {
        switch value {
        case .counter(let number), .gauge(let number):
            text += "\(label)\(braced(labels)) \(render(number))\n"
        case .histogram(let bounds, let counts, let sum):
            var cumulative: Int64 = 0
            for (bound, count) in zip(bounds + [.infinity], counts) {
                cumulative += count
                text += "\(label)_bucket\(braced(labels + ["le=\"\(render(bound))\""])) \(cumulative)\n"
            }
            text += "\(label)_sum\(braced(labels)) \(render(sum))\n"
            text += "\(label)_count\(braced(labels)) \(cumulative)\n"
        }
    }

    private func braced(_ labels: [String]) -> String { labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}" }

    private func render(_ dimension: Dimension) -> String {
        "\(dimension.name)=\"\(escaped(dimension.value, quotes: true))\""
    }

    private func render(_ number: Double) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number > 0 ? "+Inf" : "-Inf" }
        return Int64(exactly: number).map(String.init) ?? String(number)
    }

    private func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
