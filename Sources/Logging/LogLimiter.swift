/// Lets one line of a kind through in an interval, so that what goes wrong over and over does not fill the log.
public struct LogLimiter: Sendable {
    /// Milliseconds.
    private let interval: Int64
    private var last: Int64?
    private var suppressed = 0

    /// - Parameter interval: milliseconds between two lines.
    public init(interval: Int64) { self.interval = interval }

    /// Whether a line may be written now: how many were not since the last one, or nil where this one may not either.
    ///
    /// - Parameter now: milliseconds of a clock that does not go back.
    public mutating func admit(at now: Int64) -> Int? {
        if let last, now - last < interval {
            suppressed += 1
            return nil
        }
        defer { (last, suppressed) = (now, 0) }
        return suppressed
    }
}
