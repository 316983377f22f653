import Logging
import Testing

struct LogLimiterTests {
    @Test
    func aLineInAnIntervalTellsOfThoseThatWereLeftOut() {
        var limiter = LogLimiter(interval: 10)
        #expect([5, 6, 14, 15, 24, 25, 26, 100].map { limiter.admit(at: $0) } == [0, nil, nil, 2, nil, 1, nil, 1])
    }
}
