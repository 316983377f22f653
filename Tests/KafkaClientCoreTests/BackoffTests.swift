import Bytes
import Runtime
import Testing

@testable import KafkaClientCore

struct BackoffTests {
    @Test func waitsDoubleUpToTheMaximumAndStartAgain() {
        var generator = SeededGenerator(seed: 1)
        var backoff = Backoff(initial: .milliseconds(50), maximum: .seconds(1))
        let expected: [Double] = [50, 100, 200, 400, 800, 1_000, 1_000]
        for base in expected {
            let wait = Double(backoff.next(using: &generator).nanoseconds) / 1e6
            #expect(wait >= base * 0.8 && wait <= base * 1.2)
        }
        for _ in 0..<100 { _ = backoff.next(using: &generator) }
        #expect(backoff.next(using: &generator) <= .milliseconds(1_200))
        backoff.reset()
        #expect(backoff.next(using: &generator) <= .milliseconds(60))
    }

    @Test(arguments: [
        ("localhost:9092", "localhost", 9092), ("broker", "broker", 9092), ("[::1]:9", "::1", 9), ("::1", "::1", 9092),
        ("[fe80::1]", "fe80::1", 9092), ("10.0.0.1:65535", "10.0.0.1", 65535),
    ])
    func endpointsAreRead(text: String, host: String, port: UInt16) {
        #expect(BrokerEndpoint(text) == BrokerEndpoint(host: host, port: port))
    }

    @Test(arguments: ["", ":9092", "a:", "a:b", "a:0", "a:65536", "[::1", "[::1]9", "a b:1", "a,b", "http://a:1"])
    func whatIsNoEndpointIsRefused(text: String) {
        #expect(BrokerEndpoint(text) == nil)
    }

    @Test func listsOfEndpoints() {
        #expect(BrokerEndpoint.list("a:1, b:2,a:1")?.map(\.description) == ["a:1", "b:2"])
        #expect(BrokerEndpoint.list("[::1]:5")?.map(\.description) == ["[::1]:5"])
        #expect(BrokerEndpoint.list(",") == nil)
        #expect(BrokerEndpoint.list("a:1,:2") == nil)
    }
}
