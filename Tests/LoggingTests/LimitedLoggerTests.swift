import Synchronization
import Testing

@testable import Logging

struct LimitedLoggerTests {
    private final class Lines: LogSink {
        private let stored = Mutex<[String]>([])
        var all: [String] { stored.withLock { $0 } }
        func write(_ line: [UInt8]) {
            let text = String(decoding: line.dropLast(), as: UTF8.self)
            stored.withLock { $0.append(String(text.dropFirst("2026-11-25T20:45:56.192Z ".count))) }
        }
    }

    private func logger(level: LogLevel = .info) -> (LimitedLogger, Lines) {
        let lines = Lines()
        let system = LogSystem(sink: lines, level: level, clock: { 1_795_639_556_192 })
        return (LimitedLogger(Logger(label: "l", system: system), limit: 2), lines)
    }

    @Test func ofEachMessageSoManyAreWrittenInASecond() {
        var (logger, lines) = logger()
        for number in 0..<5 { logger.info("made", at: Int64(100 + number), metadata: ["n": LogValue(number)]) }
        logger.info("lost", at: 105, metadata: [:])
        #expect(lines.all == ["INFO l: made n=0", "INFO l: made n=1", "INFO l: lost"])
        logger.settle(at: 1_099)
        #expect(lines.all.count == 3, "the second is not over")
        logger.settle(at: 1_100)
        logger.settle(at: 5_000)
        #expect(lines.all.dropFirst(3) == ["INFO l: made, and more of it count=3"])
    }

    @Test func theNextLineComesAfterWhatWasLeftOut() {
        var (logger, lines) = logger()
        for number in 0..<3 { logger.info("made", at: 0, metadata: ["n": LogValue(number)]) }
        logger.info("made", at: 1_000, metadata: ["n": 3])
        #expect(lines.all.dropFirst(2) == ["INFO l: made, and more of it count=1", "INFO l: made n=3"])
    }

    @Test func nothingIsMadeOfALineThatIsNotWanted() {
        var (logger, lines) = logger(level: .warning)
        func made() -> LogMetadata {
            Issue.record("the level is off")
            return [:]
        }
        for _ in 0..<3 { logger.info("made", at: 0, metadata: made()) }
        logger.settle(at: 9_000)
        #expect(lines.all == [])
    }
}
