import Glibc

/// A length of time in nanoseconds; about 292 years at most. Sums saturate.
public struct Interval: Hashable, Sendable {
    public var nanoseconds: Int64

    @inlinable
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    public static let zero = Interval(nanoseconds: 0)
    /// Longer than anything that is waited for.
    public static let forever = Interval(nanoseconds: .max)

    @inlinable public static func nanoseconds(_ count: Int64) -> Interval { Interval(nanoseconds: count) }
    @inlinable public static func microseconds(_ count: Int64) -> Interval { Interval(count, times: 1_000) }
    @inlinable public static func milliseconds(_ count: Int64) -> Interval { Interval(count, times: 1_000_000) }
    @inlinable public static func seconds(_ count: Int64) -> Interval { Interval(count, times: 1_000_000_000) }

    @inlinable
    init(_ count: Int64, times unit: Int64) {
        let (product, overflow) = count.multipliedReportingOverflow(by: unit)
        nanoseconds = overflow ? (count < 0 ? .min : .max) : product
    }

    /// Whole milliseconds, rounded down.
    @inlinable public var milliseconds: Int64 { nanoseconds / 1_000_000 }
}

extension Interval: Comparable {
    @inlinable public static func < (left: Interval, right: Interval) -> Bool { left.nanoseconds < right.nanoseconds }

    @inlinable
    public static func + (left: Interval, right: Interval) -> Interval {
        Interval(nanoseconds: left.nanoseconds.saturatingAdd(right.nanoseconds))
    }
}

/// A moment on the clock that never goes back, in nanoseconds since the machine started.
public struct MonotonicTime: Hashable, Sendable {
    public var nanoseconds: Int64

    @inlinable
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// Later than anything that is waited for.
    public static let distantFuture = MonotonicTime(nanoseconds: .max)

    /// Asks the kernel's clock. On a shard use `Shard.now`, which is read once a tick.
    public static func current() -> MonotonicTime { MonotonicTime(nanoseconds: read(CLOCK_MONOTONIC)) }

    static func wallClockMilliseconds() -> Int64 { read(CLOCK_REALTIME) / 1_000_000 }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

extension MonotonicTime: Comparable {
    @inlinable
    public static func < (left: MonotonicTime, right: MonotonicTime) -> Bool { left.nanoseconds < right.nanoseconds }

    @inlinable
    public static func + (left: MonotonicTime, right: Interval) -> MonotonicTime {
        MonotonicTime(nanoseconds: left.nanoseconds.saturatingAdd(right.nanoseconds))
    }

    @inlinable
    public static func - (left: MonotonicTime, right: MonotonicTime) -> Interval {
        let (difference, overflow) = left.nanoseconds.subtractingReportingOverflow(right.nanoseconds)
        return overflow ? .forever : Interval(nanoseconds: difference)
    }
}

extension Int64 {
    @inlinable
    func saturatingAdd(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }
}
