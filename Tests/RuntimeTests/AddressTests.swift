import Runtime
import Testing

@Suite struct AddressTests {
    @Test(arguments: [
        ("localhost:9092", "localhost", 9_092), ("127.0.0.1:0", "127.0.0.1", 0), ("[::1]:9092", "::1", 9_092),
        (":9092", "", 9_092), ("a.b-c:65535", "a.b-c", 65_535),
    ])
    func hostsWithPortsAreRead(text: String, host: String, port: Int) {
        #expect(HostPort(text) == HostPort(host: host, port: UInt16(port)))
        #expect(HostPort(text)?.description == text)
    }

    @Test(arguments: [
        "", "localhost", "localhost:", "localhost:x", "localhost:+1", "localhost:65536", "::1:9092", "[::1]",
        "[::1]9092",
        "[localhost]:1", "[127.0.0.1]:1", "[::1:1", "::1]:1", "a:-1",
    ])
    func otherTextIsRefused(text: String) { #expect(HostPort(text) == nil) }

    @Test(arguments: [("127.0.0.1", "127.0.0.1:7"), ("::1", "[::1]:7"), ("2001:db8:0:0::5", "[2001:db8::5]:7")])
    func numericAddressesComeBack(text: String, description: String) throws {
        #expect(try #require(SocketAddress(text, port: 7)).description == description)
    }

    @Test func addressesKnowWhatTheyAre() throws {
        #expect(SocketAddress("localhost", port: 1) == nil)
        #expect(try #require(SocketAddress("127.3.2.1", port: 1)).isLoopback)
        #expect(try #require(SocketAddress("::1", port: 1)).isLoopback)
        #expect(try !#require(SocketAddress("10.0.0.1", port: 1)).isLoopback)
        #expect(try #require(SocketAddress("::", port: 1)).isUnspecified)
        #expect(try #require(SocketAddress("0.0.0.0", port: 1)).isUnspecified)
        #expect(try !#require(SocketAddress("::1", port: 1)).isUnspecified)
    }

    @Test func namesAreResolved() throws {
        let addresses = try HostPort(host: "localhost", port: 5).resolve()
        #expect(!addresses.isEmpty && addresses.allSatisfy { $0.isLoopback && $0.port == 5 })
        #expect(Set(addresses).count == addresses.count)
        let any = try HostPort(host: "", port: 5).resolve()
        #expect(!any.isEmpty && any.allSatisfy { $0.isUnspecified })
        #expect(throws: ResolutionError.self) { try HostPort(host: "no-such-host.invalid", port: 1).resolve() }
    }
}
