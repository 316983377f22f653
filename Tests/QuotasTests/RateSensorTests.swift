import Quotas
import Testing

/// The arithmetic of Kafka's `Rate` over samples.
@Suite struct RateSensorTests {
    private let window = QuotaWindow(samples: 11, sampleMs: 1_000)

    @Test func aFirstBurstIsMeasuredAgainstTheWholeWindow() {
        var sensor = RateSensor()
        sensor.record(1_000, now: 5_000, window)
        // Ten samples count as passed, the eleventh has only begun.
        #expect(sensor.rate(now: 5_000, window) == 100)
        #expect(sensor.throttleMs(above: 100, now: 5_000, window) == 0)
        // (100 - 50) / 50 of ten seconds.
        #expect(sensor.throttleMs(above: 50, now: 5_000, window) == 10_000)
    }

    /// Time that is missing is added in whole samples: the rate of a burst rises again with each until the window is full.
    @Test func missingSamplesAreCountedWhole() {
        var sensor = RateSensor()
        sensor.record(1_100, now: 0, window)
        #expect(sensor.throttleMs(above: 100, now: 0, window) == 1_000)
        #expect(sensor.throttleMs(above: 100, now: 500, window) == 500)
        #expect(sensor.throttleMs(above: 100, now: 1_000, window) == 1_000)
        #expect(sensor.throttleMs(above: 100, now: 10_900, window) == 100)
        #expect(sensor.throttleMs(above: 100, now: 11_000, window) == 0)
    }

    @Test func theWindowBeginsWithItsOldestSample() {
        var sensor = RateSensor()
        for second in Int64(0)...20 { sensor.record(10, now: second * 1_000, window) }
        // Samples of the seconds 9 to 20: the first of them began 11 seconds ago and counts no more.
        #expect(sensor.rate(now: 20_500, window) == 110 / 10.5)
        // A second later another one is gone.
        #expect(sensor.rate(now: 21_000, window) == 100 / 10.0)
    }

    @Test func whatIsOlderThanTheWindowIsForgotten() {
        var sensor = RateSensor()
        sensor.record(5_000, now: 0, window)
        #expect(sensor.rate(now: 10_999, window) == 5_000 / 10.999)
        #expect(sensor.rate(now: 11_000, window) == 0)
    }

    @Test func aNegativeAmountTakesBack() {
        var sensor = RateSensor()
        sensor.record(500, now: 0, window)
        sensor.record(400, now: 10, window)
        sensor.record(-400, now: 10, window)
        #expect(sensor.rate(now: 0, window) == 50)
    }

    @Test func oneSampleOnlyIsAWindowToo() {
        let window = QuotaWindow(samples: 1, sampleMs: 1_000)
        var sensor = RateSensor()
        sensor.record(300, now: 7, window)
        #expect(sensor.throttleMs(above: 100, now: 7, window) == 2_000)
        #expect(sensor.rate(now: 1_007, window) == 0)
    }

    @Test func steadyUseAboveTheLimitIsBroughtDownToIt() {
        var sensor = RateSensor()
        var (now, used) = (Int64(0), 0.0)
        while now < 60_000 {
            sensor.record(1_000, now: now, window)
            used += 1_000
            now += max(sensor.throttleMs(above: 10_000, now: now, window), 10)
        }
        // A window's worth at once, then the limit.
        #expect(used <= 10_000 * 60 + 10_000 * 11)
        #expect(used >= 10_000 * 60)
    }
}
