import Configuration
import Quotas
import Runtime
import Testing

@testable import Broker

@Suite struct ConnectionLimitsTests {
    @Test(arguments: [200, 1_024, 20_000, 1 << 20]) func connectionsAndLogsFitTogether(limit: Int) {
        let shares = DescriptorShares(limit: limit)
        #expect(shares.logs == limit / 2)
        #expect(shares.connections > limit / 5)
        #expect(shares.logs + shares.connections <= limit - 32)
    }

    @Test func descriptorsLimitConnectionsWhateverTheSettingSays() throws {
        var input = ConfigurationInput()
        input.arguments = [.init(key: "max.connections", value: "10")]
        let network = try BrokerConfiguration(input).network
        let peer = try #require(try HostPort(host: "127.0.0.1", port: 1).resolve().first)
        for (maximum, expected) in [(3, 3), (100, 10)] {
            var limits = ConnectionLimits(
                network, maximum: maximum, window: QuotaWindow(samples: 11, sampleMs: 1_000))
            let admitted = (0..<20).filter { _ in limits.opened(peer, now: MonotonicTime.current()) == nil }
            #expect(admitted.count == expected)
            limits.closed(peer)
            #expect(limits.opened(peer, now: MonotonicTime.current()) == nil)
        }
    }
}
