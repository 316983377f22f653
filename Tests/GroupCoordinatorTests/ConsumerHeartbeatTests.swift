import Bytes
import Collections
import Coordination
import KafkaProtocol
import KafkaProtocolMore
import Testing

@testable import GroupCoordinator

/// Joining, staying and leaving by the consumer protocol.
@Suite struct ConsumerHeartbeatTests {
    private let bench = GroupBench()

    @Test func inVersion0TheBrokerMakesUpTheId() throws {
        let client = ConsumerClient(bench, "")
        let response = try client.send(client.joinRequest(["t"]), version: 0)
        #expect(response.errorCode == 0)
        #expect(response.memberId == UUID(high: 0xABCD, low: 1).description)
    }

    // MARK: One member

    @Test func aMemberGetsEverythingAndIsToldOnce() throws {
        let topic = try bench.create("t", partitions: 3)
        let one = ConsumerClient(bench, "one")
        let joined = try one.join(["t"])
        #expect(joined.memberId == "one")
        #expect(joined.memberEpoch == 2)
        #expect(joined.heartbeatIntervalMs == 5_000)
        #expect(one.owned == [topic: [0, 1, 2]])
        let records = bench.log.count
        #expect(try one.beat().assignment == nil)
        #expect(bench.log.count == records)
        let full = one.request {
            $0.rebalanceTimeoutMs = 10_000
            $0.subscribedTopicNames = ["t"]
            $0.topicPartitions = []
        }
        #expect(try one.send(full).assignment?.topicPartitions.count == 1)
        #expect(bench.group("g")?.state == .stable)
    }

    @Test func aTopicIsNotThereYet() throws {
        let one = ConsumerClient(bench, "one")
        try one.join(["t"])
        #expect(one.owned.isEmpty)
        try bench.create("t", partitions: 2)
        try bench.pass(1_000)
        try one.beat()
        #expect(one.count == 2)
        #expect(one.epoch == 3)
    }

    @Test func newPartitionsAreAssignedAndTheOldOnesStay() throws {
        let topic = try bench.create("t", partitions: 1)
        let one = ConsumerClient(bench, "one")
        try one.join(["t"])
        try bench.grow(topic, to: 3)
        try bench.pass(1_000)
        try one.beat()
        #expect(one.owned == [topic: [0, 1, 2]])
        #expect(one.revoked == 0)
    }

    @Test func aDeletedTopicGoesFromTargetsAndAssignments() throws {
        let topic = try bench.create("t", partitions: 2)
        try bench.create("u", partitions: 1, id: 50)
        let one = ConsumerClient(bench, "one")
        try one.join(["t", "u"])
        #expect(one.count == 3)
        try bench.delete(topic)
        try bench.pass(1_000)
        try bench.settle([one])
        #expect(one.count == 1)
        #expect(bench.group("g")?.targets["one"]?[topic] == nil)
        #expect(bench.group("g")?.holders.count == 1)
        // A topic of the same name is another topic.
        let next = try bench.create("t", partitions: 2, id: 99)
        try bench.pass(1_000)
        try bench.settle([one])
        #expect(one.owned[next] == [0, 1])
    }

    @Test func racksMatterToTheHash() throws {
        try bench.create("t", partitions: 2)
        try bench.register(1, epoch: 1, rack: "a")
        let one = ConsumerClient(bench, "one")
        try one.join(["t"])
        let hash = bench.group("g")?.metadataHash
        try bench.register(2, epoch: 2, rack: "b")
        try one.beat()
        #expect(bench.group("g")?.metadataHash == hash)
        try bench.register(1, epoch: 3, rack: "b")
        try one.beat()
        #expect(bench.group("g")?.metadataHash != hash)
        #expect(bench.group("g")?.epoch == 3)
    }

    @Test func whatAMemberUnsubscribesFromGoesAtOnce() throws {
        try bench.create("t", partitions: 2)
        let one = ConsumerClient(bench, "one")
        try one.join(["t"])
        let response = try one.send(one.request { $0.subscribedTopicNames = ["absent"] })
        #expect(response.assignment?.topicPartitions.isEmpty == true)
        #expect(one.count == 0)
        let description = try bench.describe("g")
        #expect(description.groupState == "Assigning")
        #expect(description.members.first?.targetAssignment.topicPartitions.count == 1)
        try bench.pass(1_000)
        try bench.settle([one])
        #expect(try bench.describe("g").groupState == "Stable")
        #expect(bench.group("g")?.holders.isEmpty == true)
        #expect(bench.group("g")?.subscribedTopics == ["absent"])
        #expect(bench.group("g")?.isSubscribed(to: "t") == false)
    }

    // MARK: Epochs

    @Test func anEpochThatIsNotTheMembersIsFenced() throws {
        try bench.create("t", partitions: 2)
        let one = ConsumerClient(bench, "one")
        try one.join(["t"])
        expectRefusal(
            try one.send(one.request { $0.memberEpoch = 7 }), .fencedMemberEpoch,
            "The consumer group member has a greater member epoch (7) than the one known by the group coordinator (2). "
                + "The member must abandon all its partitions and rejoin.")
        expectRefusal(
            try one.send(one.request { $0.memberEpoch = 1 }), .fencedMemberEpoch,
            "The consumer group member has a smaller member epoch (1) than the one known by the group coordinator (2). "
                + "The member must abandon all its partitions and rejoin.")
        expectRefusal(
            try one.send(one.request { $0.memberId = "nobody" }), .unknownMemberId,
            "Member nobody is not a member of group g.")
        #expect(try one.join(["t"]).errorCode == 0)
        #expect(one.count == 2)
    }

    @Test func oneEpochBackIsAcceptedOfWhoOwnsNothingElse() throws {
        let topic = try bench.create("t", partitions: 2)
        let one = ConsumerClient(bench, "one")
        try one.join(["t"])
        try bench.grow(topic, to: 3)
        try bench.pass(1_000)
        try one.beat()
        #expect(one.epoch == 3)
        func back(_ partitions: [Int32]?, to epoch: Int32 = 2) throws -> Int16 {
            try one.send(
                one.request { request in
                    request.memberEpoch = epoch
                    request.topicPartitions = partitions.map { partitions in
                        var row = ConsumerGroupHeartbeatRequest.TopicPartitions()
                        (row.topicId, row.partitions) = (topic, partitions)
                        return [row]
                    }
                }
            ).errorCode
        }
        #expect(try back(nil) == ErrorCode.fencedMemberEpoch.rawValue)
        #expect(try back([0, 9]) == ErrorCode.fencedMemberEpoch.rawValue)
        #expect(try back([0, 1], to: 1) == ErrorCode.fencedMemberEpoch.rawValue)
        #expect(try back([0, 1]) == 0)
        #expect(one.epoch == 3)
    }

    // MARK: Leaving

    @Test func whoLeavesIsGone() throws {
        try bench.create("t", partitions: 2)
        let one = ConsumerClient(bench, "one")
        try one.join(["t"])
        let left = try one.leave()
        #expect(left.memberId == "one")
        #expect(left.memberEpoch == -1)
        #expect(left.heartbeatIntervalMs == 0)
        #expect(try bench.describe("g").groupState == "Empty")
        expectRefusal(try one.leave(), .unknownMemberId, "Member one is not a member of group g.")
        #expect(try one.join(["t"]).errorCode == 0)
    }

    @Test func theOthersTakeOver() throws {
        try bench.create("t", partitions: 4)
        let one = ConsumerClient(bench, "one")
        let two = ConsumerClient(bench, "two")
        try one.join(["t"])
        try bench.pass(1_000)
        try two.join(["t"])
        try bench.settle([one, two])
        #expect(one.count == 2)
        #expect(two.count == 2)
        try two.leave()
        try bench.pass(1_000)
        try bench.settle([one])
        #expect(one.count == 4)
    }

    @Test func aSilentMemberIsEvicted() throws {
        try bench.create("t", partitions: 2)
        let one = ConsumerClient(bench, "one")
        try one.join(["t"])
        try bench.pass(44_999)
        try one.beat()
        try bench.pass(44_999)
        #expect(bench.group("g")?.members.count == 1)
        try bench.pass(1)
        #expect(bench.group("g")?.members.count == 0)
        #expect(try bench.events("g").contains { $0.kind == .evicted && $0.reason == "no heartbeat for 45000 ms" })
    }

    @Test func sessionsGoOnAfterAFailover() throws {
        try bench.create("t", partitions: 2)
        try ConsumerClient(bench, "one").join(["t"])
        try bench.failOver()
        try bench.pass(44_999)
        #expect(bench.group("g")?.members.count == 1)
        try bench.pass(1)
        #expect(bench.group("g")?.members.count == 0)
    }

    @Test func whoDoesNotGiveUpInTimeIsEvicted() throws {
        try bench.create("t", partitions: 2)
        let one = ConsumerClient(bench, "one")
        let two = ConsumerClient(bench, "two")
        try one.join(["t"])
        try bench.pass(1_000)
        try two.join(["t"])
        try one.beat()
        #expect(bench.group("g")?.members["one"]?.current.state == .unrevoked)
        try bench.pass(9_999)
        // It is alive, and does not say what it has.
        try one.send(one.request())
        #expect(bench.group("g")?.members["one"] != nil)
        try bench.pass(1)
        #expect(bench.group("g")?.members["one"] == nil)
        try bench.pass(1_000)
        try bench.settle([two])
        #expect(two.count == 2)
        #expect(try one.beat().errorCode == ErrorCode.unknownMemberId.rawValue)
    }

    @Test func whoGivesUpInTimeStays() throws {
        try bench.create("t", partitions: 2)
        let one = ConsumerClient(bench, "one")
        let two = ConsumerClient(bench, "two")
        try one.join(["t"])
        try bench.pass(1_000)
        try two.join(["t"])
        try bench.settle([one, two])
        try bench.pass(15_000)
        #expect(bench.group("g")?.members.count == 2)
    }

    // MARK: Interval

    @Test func targetsAreAtMostOneAnInterval() throws {
        try bench.create("t", partitions: 4)
        let one = ConsumerClient(bench, "one")
        let two = ConsumerClient(bench, "two")
        try one.join(["t"])
        try bench.pass(500)
        #expect(try two.join(["t"]).memberEpoch == 2)
        #expect(try bench.describe("g").groupState == "Assigning")
        try bench.pass(499)
        #expect(bench.group("g")?.targetEpoch == 2)
        try bench.pass(1)
        #expect(bench.group("g")?.targetEpoch == 3)
        #expect(try bench.describe("g").groupState == "Reconciling")
        try bench.settle([one, two])
        #expect(two.count == 2)
    }

    // MARK: Ten members

    @Test func onlyWhatMustMoveMoves() throws {
        try bench.create("t", partitions: 100)
        var clients: [ConsumerClient] = []
        for number in 0..<10 {
            let client = ConsumerClient(bench, "m\(number)")
            try client.join(["t"])
            clients.append(client)
            try bench.settle(clients)
            #expect(clients.map(\.count).max() ?? 0 - (clients.map(\.count).min() ?? 0) <= 100 / clients.count + 1)
        }
        #expect(clients.allSatisfy { $0.count == 10 })
        let before = clients.map(\.revoked)
        for number in [7, 8, 9] { try clients[number].leave() }
        let left = Array(clients[..<7])
        try bench.pass(1_000)
        try bench.settle(left)
        #expect(left.allSatisfy { $0.count == 14 || $0.count == 15 })
        // Nobody had to give up anything.
        #expect(left.map(\.revoked) == Array(before[..<7]))
    }

    @Test func aFailedWriteLeavesTheGroupAsItWas() throws {
        try bench.create("t", partitions: 4)
        let one = ConsumerClient(bench, "one")
        try one.join(["t"])
        try bench.pass(1_000)
        let before = bench.group("g")
        let two = ConsumerClient(bench, "two")
        let client = GroupClient(version: 1, clientID: "client", host: "/127.0.0.1")
        guard
            case .failure(.notStored)? = try bench.askInVain(
                .consumerGroupHeartbeat(two.joinRequest(["t"]), client))
        else {
            Issue.record("the member was told something else")
            return
        }
        #expect(bench.group("g") == before)
        #expect(try two.join(["t"]).errorCode == 0)
        try bench.settle([one, two])
        #expect(two.count == 2)
    }

    @Test func aRangeAssignorIsServedWhereMostAskForIt() throws {
        try bench.create("t", partitions: 3)
        try bench.create("u", partitions: 3)
        let one = ConsumerClient(bench, "one")
        let two = ConsumerClient(bench, "two")
        try one.join(["t", "u"], assignor: "range")
        try bench.pass(1_000)
        try two.join(["t", "u"])
        try bench.settle([one, two])
        #expect(one.owned.values.allSatisfy { $0 == [0, 1] })
        #expect(two.owned.values.allSatisfy { $0 == [2] })
        #expect(try bench.describe("g").assignorName == "range")
    }
}
