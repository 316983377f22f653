/// A logger for what clients can make happen as often as they like. Of each message so many lines are written in a second;
/// how many more there would have been is told when that second is over.
public struct LimitedLogger: Sendable {
    private struct Kind {
        let message: String
        var began: Int64
        var written = 0
        var omitted = 0
    }

    private static let second: Int64 = 1_000

    public let logger: Logger
    private let limit: Int
    private var kinds: [Kind] = []

    /// - Parameter limit: lines of a message in a second.
    public init(_ logger: Logger, limit: Int = 10) {
        self.logger = logger
        self.limit = limit
    }

    /// - Parameters:
    ///   - message: one of a few; what differs from line to line belongs in the metadata.
    ///   - now: milliseconds of a clock that does not go back.
    public mutating func info(_ message: String, at now: Int64, metadata: @autoclosure () -> LogMetadata) {
        guard logger.isEnabled(.info) else { return }
        let place = place(of: message, now)
        if now - kinds[place].began >= LimitedLogger.second {
            tellOmitted(place)
            kinds[place].began = now
            kinds[place].written = 0
        }
        guard kinds[place].written < limit else {
            kinds[place].omitted += 1
            return
        }
        kinds[place].written += 1
        logger.info(message, metadata: metadata())
    }

    /// Tells of the lines that were left out in a second that is over. To be called now and then.
    public mutating func settle(at now: Int64) {
        for place in kinds.indices where now - kinds[place].began >= LimitedLogger.second { tellOmitted(place) }
    }

    private mutating func place(of message: String, _ now: Int64) -> Int {
        if let known = kinds.firstIndex(where: { $0.message == message }) { return known }
        kinds.append(Kind(message: message, began: now))
        return kinds.count - 1
    }

    private mutating func tellOmitted(_ place: Int) {
        let omitted = kinds[place].omitted
        guard omitted > 0 else { return }
        kinds[place].omitted = 0
        logger.info("\(kinds[place].message), and more of it", metadata: ["count": LogValue(omitted)])
    }
}
