import Bytes
import Collections
import KafkaProtocol
import KafkaProtocolMore
import Testing

@testable import GroupCoordinator

/// Members of the consumer protocol that are known by an instance id.
@Suite struct StaticMemberTests {
    private let bench = GroupBench()

    @Test func anInstanceIsOneMembersUntilItIsAway() throws {
        try bench.create("t", partitions: 2)
        let one = ConsumerClient(bench, "one", instance: "i")
        let other = ConsumerClient(bench, "other", instance: "i")
        try one.join(["t"])
        let refused = try other.join(["t"])
        #expect(refused.errorCode == ErrorCode.unreleasedInstanceId.rawValue)
        #expect(
            refused.errorMessage
                == "Static member other with instance id i cannot join the group because the instance id is owned by one "
                + "member.")
        let owned = one.owned
        let away = try one.leave(epoch: -2)
        #expect(away.memberEpoch == -2)
        let description = try bench.describe("g")
        #expect(description.groupState == "Reconciling")
        #expect(description.members.first?.memberEpoch == -2)
        #expect(description.members.first?.assignment.topicPartitions.first?.partitions == [0, 1])

        let epoch = bench.group("g")?.epoch
        try other.join(["t"])
        #expect(other.owned == owned)
        #expect(bench.group("g")?.epoch == epoch)
        #expect(bench.group("g")?.members.count == 1)
        let fenced = try one.send(one.request { $0.memberEpoch = 2 })
        #expect(fenced.errorCode == ErrorCode.fencedInstanceId.rawValue)
        #expect(fenced.errorMessage == "Static member one with instance id i was fenced by member other.")
        try other.leave(epoch: -2)
        #expect(try other.leave(epoch: -1).errorCode == 0)
        #expect(try bench.describe("g").groupState == "Empty")
    }

    @Test func anInstanceThatNobodyHasIsUnknown() throws {
        try bench.create("t", partitions: 1)
        let one = ConsumerClient(bench, "one")
        try one.join(["t"])
        for epoch: Int32 in [-2, -1, 2] {
            let response = try one.send(
                one.request {
                    $0.instanceId = "nobody"
                    $0.memberEpoch = epoch
                })
            #expect(response.errorCode == ErrorCode.unknownMemberId.rawValue)
            #expect(response.errorMessage == "Instance id nobody is unknown.")
        }
        #expect(bench.group("g")?.members.count == 1)
    }

    @Test func anInstanceThatStaysAwayIsEvicted() throws {
        try bench.create("t", partitions: 2)
        let one = ConsumerClient(bench, "one", instance: "i")
        try one.join(["t"])
        try one.leave(epoch: -2)
        try bench.pass(45_000)
        #expect(bench.group("g")?.members.isEmpty == true)
        #expect(bench.group("g")?.instances.isEmpty == true)
    }

    @Test func aComebackKeepsTheTargetOfTheOthers() throws {
        try bench.create("t", partitions: 4)
        let one = ConsumerClient(bench, "one", instance: "i")
        let two = ConsumerClient(bench, "two")
        try one.join(["t"])
        try bench.pass(1_000)
        try two.join(["t"])
        try bench.settle([one, two])
        let owned = (one.owned, two.owned)
        try one.leave(epoch: -2)
        let again = ConsumerClient(bench, "again", instance: "i")
        try again.join(["t"])
        try bench.settle([again, two])
        #expect(again.owned == owned.0)
        #expect(two.owned == owned.1)
        #expect(two.revoked == 0)
    }

    @Test func namesAreToldApartByTheirBytes() throws {
        try bench.create("t", partitions: 2)
        let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}")
        let one = ConsumerClient(bench, composed, instance: composed)
        let two = ConsumerClient(bench, decomposed, instance: decomposed)
        #expect(try one.join(["t"]).errorCode == 0)
        #expect(try two.join(["t"]).errorCode == 0)
        try bench.settle([one, two])
        #expect(one.count == 1 && two.count == 1)
        let other = ConsumerClient(bench, "other", group: composed)
        try other.join(["t"])
        #expect(bench.group(decomposed) == nil)
        // Another spelling is another subscription: both are stored as they were written.
        let before = bench.group("g")?.epoch ?? 0
        for topic in [composed, decomposed] {
            #expect(try one.send(one.request { $0.subscribedTopicNames = [topic] }).errorCode == 0)
        }
        #expect(bench.group("g")?.epoch == before + 2)
        try one.leave()
        #expect(bench.group("g")?.members.map { $0.key } == [Name(decomposed)])
    }
}
