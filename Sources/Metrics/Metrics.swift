/// A name and a value that tell samples of one family apart: `topic="orders"`.
public struct Dimension: Hashable, Sendable {
    public let name: String
    public let value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// Counts what happened. Only grows while the process runs.
public final class Counter {
    public private(set) var value: Int64 = 0

    init() {}

    @inline(__always)
    public func increment(by amount: Int64 = 1) { value &+= amount }
}

/// Says how much there is now.
public final class Gauge {
    public private(set) var value: Double = 0

    init() {}

    public func record(_ value: Double) { self.value = value }
    public func record(_ value: some BinaryInteger) { self.value = Double(value) }
    public func increment(by amount: Double = 1) { value += amount }
    public func decrement(by amount: Double = 1) { value -= amount }
}

/// Counts observations by size, in buckets of fixed upper bounds.
public final class Histogram {
    /// Upper bounds, ascending and inclusive; what is above the last falls into one bucket more.
    let bounds: [Double]
    private(set) var counts: [Int64]
    private(set) var sum: Double = 0

    init(bounds: [Double]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    public var count: Int64 { counts.reduce(0, +) }

    public func record(_ value: Double) {
        var low = 0
        var high = bounds.count
        while low < high {
            let middle = (low + high) / 2
            if bounds[middle] < value { low = middle + 1 } else { high = middle }
        }
        counts[low] += 1
        sum += value
    }

    /// Records a duration, in the seconds that Prometheus counts in.
    public func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    /// Bounds that grow by `factor`, for sizes.
    public static func exponentialBounds(start: Double, factor: Double, count: Int) -> [Double] {
        var bounds: [Double] = []
        var bound = start
        for _ in 0..<count {
            bounds.append(bound)
            bound *= factor
        }
        return bounds
    }

    /// Bounds in seconds for latencies from 100 µs to 10 s.
    public static let latencyBounds: [Double] = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]
}
