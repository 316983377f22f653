import Glibc

extension BlockingPool {
    /// Lets the thread of a job wait, for a job that has to go slowly. Not for use on a shard.
    public static func pause(_ interval: Interval) {
        guard interval > .zero else { return }
        var time = timespec(
            tv_sec: Int(interval.nanoseconds / 1_000_000_000), tv_nsec: Int(interval.nanoseconds % 1_000_000_000))
        var rest = timespec()
        while nanosleep(&time, &rest) != 0, errno == EINTR { time = rest }
    }
}
