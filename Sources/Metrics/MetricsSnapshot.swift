/// Values of metrics at one moment. Snapshots of several shards merge into one.
public struct MetricsSnapshot: Sendable {
    public enum Value: Sendable, Equatable {
        case counter(Double)
        case gauge(Double)
        /// `counts` has one element more than `bounds`.
        case histogram(bounds: [Double], counts: [Int64], sum: Double)
    }

    struct Family: Sendable {
        let help: String
        var samples: [[Dimension]: Value] = [:]
    }

    private(set) var families: [String: Family] = [:]

    public init() {}

    public func value(label: String, dimensions: [Dimension] = []) -> Value? {
        families[label]?.samples[dimensions]
    }

    /// Adds a sample; a sample that is there already grows by it (gauges too: each shard has its part).
    public mutating func add(_ value: Value, label: String, dimensions: [Dimension] = [], help: String = "") {
        var family = families[label] ?? Family(help: help)
        if let earlier = family.samples[dimensions] {
            family.samples[dimensions] = earlier.merged(with: value)
        } else {
            family.samples[dimensions] = value
        }
        families[label] = family
    }

    public mutating func merge(_ other: MetricsSnapshot) {
        for (label, family) in other.families {
            for (dimensions, value) in family.samples {
                add(value, label: label, dimensions: dimensions, help: family.help)
            }
        }
    }
}

extension MetricsSnapshot.Value {
    /// The sum of two samples; of different kinds or buckets, the later one.
    func merged(with other: MetricsSnapshot.Value) -> MetricsSnapshot.Value {
        switch (self, other) {
        case (.counter(let left), .counter(let right)): return .counter(left + right)
        case (.gauge(let left), .gauge(let right)): return .gauge(left + right)
        case (.histogram(let bounds, let left, let leftSum), .histogram(let others, let right, let rightSum))
        where bounds == others:
            return .histogram(bounds: bounds, counts: zip(left, right).map { $0 + $1 }, sum: leftSum + rightSum)
        default: return other
        }
    }
}
