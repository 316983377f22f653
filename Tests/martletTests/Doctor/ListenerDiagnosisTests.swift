import Glibc
import Runtime
import Testing

@testable import martlet

/// What the doctor makes of the addresses to listen on.
struct ListenerDiagnosisTests {
    private static func listener(
        _ host: String, addresses: [String], told: String, toldAddresses: [String], isNamed: Bool = false
    ) -> ListenerFacts {
        var facts = ListenerFacts(
            name: "PLAINTEXT", key: "listeners", address: HostPort(host: host, port: 9_092),
            addresses: addresses.compactMap { SocketAddress($0, port: 9_092) })
        facts.advertised = ListenerFacts.Advertised(
            address: HostPort(host: told, port: 9_092),
            addresses: toldAddresses.compactMap { SocketAddress($0, port: 9_092) }, isNamed: isNamed)
        return facts
    }

    private static let local = listener(
        "localhost", addresses: ["127.0.0.1", "::1"], told: "localhost", toldAddresses: ["127.0.0.1"])

    private static func codes(_ listener: ListenerFacts, holders: [ProcessName] = []) -> [String] {
        var diagnosis = Diagnosis()
        diagnosis.examine([listener], holders: holders)
        return diagnosis.findings.map { "\($0.severity) \($0.code)" }
    }

    @Test func nothingIsWrongOnThisMachineAlone() { #expect(ListenerDiagnosisTests.codes(Self.local) == []) }

    @Test(arguments: [
        (ListenerFacts.Outcome.taken(nil), "error listener.taken"),
        (.taken(ProcessName(id: 7, program: "java")), "error listener.taken"),
        (.unresolved("no such name"), "error listener.name"),
        (.failed(SystemError("bind", code: EADDRNOTAVAIL)), "error listener.elsewhere"),
        (.failed(SystemError("bind", code: EACCES)), "error listener.forbidden"),
        (.failed(SystemError("bind", code: EMFILE)), "error listener.failed"),
    ])
    func whatCannotBeListenedOnIsAnError(outcome: ListenerFacts.Outcome, expected: String) {
        var listener = Self.local
        listener.outcome = outcome
        #expect(ListenerDiagnosisTests.codes(listener) == [expected])
    }

    @Test func theBrokerThatHasTheDataMayHaveThePort() {
        var listener = Self.local
        let broker = ProcessName(id: 7, program: "martlet")
        listener.outcome = .taken(broker)
        #expect(ListenerDiagnosisTests.codes(listener, holders: [broker]) == [])
    }

    @Test func loopbackIsNotForOthers() {
        let named = Self.listener(
            "", addresses: ["0.0.0.0", "::"], told: "localhost", toldAddresses: ["127.0.0.1"], isNamed: true)
        #expect(ListenerDiagnosisTests.codes(named) == ["error advertised.loopback", "note listener.open"])
        // Debian gives a machine's own name an address of the loopback network.
        let hostName = Self.listener("", addresses: ["0.0.0.0"], told: "box", toldAddresses: ["127.0.1.1"])
        #expect(ListenerDiagnosisTests.codes(hostName) == ["warning advertised.loopback", "note listener.open"])
    }

    @Test func aNameWithoutAddressIsDoubtful() {
        let listener = Self.listener("0.0.0.0", addresses: ["0.0.0.0"], told: "gone", toldAddresses: [], isNamed: true)
        #expect(ListenerDiagnosisTests.codes(listener) == ["warning advertised.name", "note listener.open"])
    }

    @Test func theNameOfTheMachineIsOnlyNoted() {
        let listener = Self.listener("0.0.0.0", addresses: ["0.0.0.0"], told: "box", toldAddresses: ["10.0.0.5"])
        #expect(ListenerDiagnosisTests.codes(listener) == ["note advertised.hostname", "note listener.open"])
        let named = Self.listener(
            "0.0.0.0", addresses: ["0.0.0.0"], told: "box", toldAddresses: ["10.0.0.5"], isNamed: true)
        #expect(ListenerDiagnosisTests.codes(named) == ["note listener.open"])
    }
}
