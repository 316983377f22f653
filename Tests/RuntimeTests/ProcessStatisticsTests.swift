import Glibc
import Runtime
import Testing

struct ProcessStatisticsTests {
    @Test func kernelKnowsThisProcess() {
        let before = ProcessStatistics.current()
        #expect(before.residentBytes > 1 << 20)
        #expect(before.virtualBytes > before.residentBytes)
        #expect(before.threads >= 1)
        #expect(before.openDescriptors >= 3)
        #expect(before.maximumDescriptors >= before.openDescriptors)
        #expect(before.cpuSeconds >= 0)
        let age = Double(time(nil)) - before.startTime
        #expect((-2...86_400).contains(age), "\(age)")
    }
}
