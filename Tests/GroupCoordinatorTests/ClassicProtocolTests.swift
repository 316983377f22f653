import Bytes
import KafkaProtocol
import KafkaProtocolMore
import Testing

@testable import GroupCoordinator

/// Which protocols all members of a classic group know.
@Suite struct ClassicProtocolTests {
    private let group = ClassicGroup()

    private func protocols(_ names: [Name]) -> [ClassicProtocol] {
        names.map { ClassicProtocol(name: $0, metadata: []) }
    }

    private func add(_ id: Name, _ names: [Name]) {
        var request = JoinGroupRequest()
        request.protocolType = "consumer"
        var member = ClassicMember(request, GroupClient(version: 5, clientID: "c", host: "/127.0.0.1"), id: id)
        member.protocols = protocols(names)
        group.add(member)
    }

    private func accepts(_ names: Name...) -> Bool { group.accepts("consumer", protocols(names)) }

    @Test func onlyWhatAllKnowCounts() {
        add("one", ["range", "sticky", "range"])
        add("two", ["sticky", "range"])
        #expect(accepts("range") && accepts("other", "sticky"))
        add("three", ["sticky"])
        #expect(!accepts("range") && accepts("sticky") && !accepts("other"))
        #expect(group.selectProtocol() == "sticky")
    }

    @Test func itFollowsWhoGoesAndWhoChanges() {
        add("one", ["range", "range"])
        add("two", ["range", "sticky"])
        group["one"]?.protocols = protocols(["sticky"])
        #expect(!accepts("range") && accepts("sticky"))
        group.replace("two", by: "again")
        #expect(accepts("sticky"))
        group.remove("one")
        #expect(accepts("range") && accepts("sticky"))
        group.remove("again")
        #expect(accepts("anything"))
        add("four", ["range"])
        #expect(accepts("range") && !accepts("sticky"))
    }

    @Test func whatIsStoredCountsToo() {
        var value = GroupMetadataValue()
        (value.protocolType, value.protocol) = ("consumer", "range")
        value.members = ["one", "two", "two"].map { id in
            var member = GroupMetadataValue.MemberMetadata()
            member.memberId = id
            return member
        }
        let group = ClassicGroup(value)
        #expect(group.accepts("consumer", protocols(["range"])))
        group.remove("two")
        #expect(group.selectProtocol() == "range")
    }
}
