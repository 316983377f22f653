import Bytes
import Coordination
import KafkaProtocol
import KafkaProtocolMore
import Testing

@testable import GroupCoordinator

/// Offsets of groups of the consumer protocol, and the end of such groups.
@Suite struct ConsumerOffsetsTests {
    private let bench = GroupBench()

    private func commit(
        _ member: String, _ epoch: Int32, partition: Int32 = 0, version: Int16 = 9, on bench: GroupBench? = nil
    ) throws -> ErrorCode {
        var row = OffsetCommitRequest.OffsetCommitRequestPartition()
        (row.partitionIndex, row.committedOffset) = (partition, 3)
        var topic = OffsetCommitRequest.OffsetCommitRequestTopic()
        (topic.name, topic.partitions) = ("t", [row])
        var request = OffsetCommitRequest()
        (request.groupId, request.memberId, request.generationIdOrMemberEpoch) = ("g", member, epoch)
        request.topics = [topic]
        let client = GroupClient(version: version, clientID: "client", host: "/127.0.0.1")
        guard case .commitOffsets(let response)? = try (bench ?? self.bench).ask(.commitOffsets(request, client))
        else { throw BenchError.noAnswer }
        return ErrorCode(rawValue: response.topics[0].partitions[0].errorCode)
    }

    private func fetch(_ member: String?, _ epoch: Int32) throws -> ErrorCode {
        var request = OffsetFetchRequest.OffsetFetchRequestGroup()
        (request.groupId, request.memberId, request.memberEpoch) = ("g", member, epoch)
        let client = GroupClient(version: 9, clientID: "client", host: "/127.0.0.1")
        guard case .fetchOffsets(let response)? = try bench.ask(.fetchOffsets(request, client)) else {
            throw BenchError.noAnswer
        }
        return ErrorCode(rawValue: response.errorCode)
    }

    @Test func offsetsAreCommittedAndFetchedInTheMembersEpoch() throws {
        try bench.create("t", partitions: 1)
        let one = ConsumerClient(bench, "one")
        try one.join(["t"])
        #expect(try commit("one", 2) == .none)
        #expect(try commit("one", 1) == .staleMemberEpoch)
        #expect(try commit("one", 3) == .staleMemberEpoch)
        #expect(try commit("nobody", 2) == .unknownMemberId)
        #expect(try commit("", -1) == .unknownMemberId)
        #expect(try commit("one", 2, version: 8) == .unsupportedVersion)
        #expect(try fetch("one", 2) == .none)
        #expect(try fetch("one", 1) == .staleMemberEpoch)
        #expect(try fetch("one", -1) == .staleMemberEpoch)
        #expect(try fetch("nobody", 2) == .unknownMemberId)
        #expect(try fetch(nil, -1) == .none)
    }

    @Test func anEarlierEpochCountsForWhatTheMemberHadThen() throws {
        let topic = try bench.create("t", partitions: 1)
        let one = ConsumerClient(bench, "one")
        try one.join(["t"])
        try bench.grow(topic, to: 2)
        try bench.pass(1_000)
        try one.beat()
        #expect(one.epoch == 3)
        #expect(try commit("one", 2, partition: 0) == .none)
        #expect(try commit("one", 2, partition: 1) == .staleMemberEpoch)
        #expect(try commit("one", 3, partition: 1) == .none)
    }

    @Test func anEmptyGroupTakesOffsetsOfAnybody() throws {
        try bench.create("t", partitions: 1)
        let one = ConsumerClient(bench, "one")
        try one.join(["t"])
        try one.leave()
        #expect(try commit("", -1) == .none)
    }

    @Test func aClassicMembersErrorsAreItsOwn() throws {
        try bench.create("t", partitions: 2)
        let new = ConsumerClient(bench, "new")
        try new.join(["t"])
        try bench.pass(1_000)
        let old = ClassicClient(bench, ["t"])
        try old.join()
        #expect(try commit(old.id, old.generation, version: 8) == .none)
        #expect(try commit(old.id, old.generation + 1, version: 8) == .illegalGeneration)
        #expect(try commit(old.id, old.generation - 1, version: 8) == .illegalGeneration)
        #expect(try fetch(old.id, old.generation + 1) == .illegalGeneration)
    }

    @Test func offsetsSurviveAConversion() throws {
        try bench.create("t", partitions: 1)
        #expect(try commit("", -1, version: 8) == .none)
        let one = ConsumerClient(bench, "one")
        try one.join(["t"])
        #expect(one.count == 1)
        #expect(bench.machine.offsets["g", "t", 0]?.offset == 3)
        #expect(bench.reloaded().machine.offsets["g", "t", 0]?.offset == 3)
    }

    @Test func offsetsOfSubscribedTopicsAreNotDeleted() throws {
        try bench.create("t", partitions: 1)
        let one = ConsumerClient(bench, "one")
        try one.join(["t"])
        #expect(try commit("one", 2) == .none)
        var request = OffsetDeleteRequest()
        request.groupId = "g"
        var topic = OffsetDeleteRequest.OffsetDeleteRequestTopic()
        topic.name = "t"
        topic.partitions = [.init()]
        request.topics = [topic]
        guard case .deleteOffsets(let response)? = try bench.ask(.deleteOffsets(request)) else {
            throw BenchError.noAnswer
        }
        #expect(response.topics.first?.partitions.first?.errorCode == ErrorCode.groupSubscribedToTopic.rawValue)
    }

    @Test func onlyAnEmptyGroupIsDeletedAndLeavesNothing() throws {
        try bench.create("t", partitions: 1)
        let one = ConsumerClient(bench, "one")
        try one.join(["t"], pattern: "x.*")
        guard case .deleteGroup(let refused)? = try bench.ask(.deleteGroup("g")) else { throw BenchError.noAnswer }
        #expect(refused == .nonEmptyGroup)
        try one.leave()
        guard case .deleteGroup(let done)? = try bench.ask(.deleteGroup("g")) else { throw BenchError.noAnswer }
        #expect(done == .none)
        #expect(bench.machine.groups["g"] == nil)
        #expect(bench.reloaded().machine.groups.current.isEmpty)
        #expect(bench.machine.refreshes.isEmpty)
        // Every key that was ever written ends with a tombstone.
        var last: [[UInt8]: Bool] = [:]
        for record in bench.log {
            let (key, value) = try record.encode()
            last[key] = value == nil
        }
        #expect(last.values.allSatisfy { $0 })
    }

    @Test func anEmptyGroupGoesWithItsLastOffset() throws {
        try bench.create("t", partitions: 1)
        let one = ConsumerClient(bench, "one")
        try one.join(["t"])
        try one.leave()
        try bench.pass(600_000)
        #expect(bench.machine.groups["g"] == nil)
    }

    @Test func aGroupIsDescribedWhereItIsOne() throws {
        let row = try bench.describe("g")
        #expect(row.errorCode == ErrorCode.groupIdNotFound.rawValue)
        #expect(row.errorMessage == "Group g not found.")
        guard case .listGroups(let none)? = try bench.ask(.listGroups(ListGroupsRequest())) else {
            throw BenchError.noAnswer
        }
        #expect(none.isEmpty)
        try ConsumerClient(bench, "one").join([])
        guard case .listGroups(let rows)? = try bench.ask(.listGroups(ListGroupsRequest())) else {
            throw BenchError.noAnswer
        }
        #expect(rows.map(\.groupType) == ["consumer"])
        #expect(rows.map(\.groupState) == ["Stable"])
    }

    @Test func theHistorySaysWhatHappened() throws {
        try bench.create("t", partitions: 4)
        let one = ConsumerClient(bench, "one")
        let two = ConsumerClient(bench, "two")
        try one.join(["t"])
        try bench.pass(1_000)
        try two.join(["t"])
        try bench.settle([one, two])
        try two.leave()
        let events = try bench.events("g").map { "\($0.kind.rawValue) \($0.member?.id ?? ""): \($0.reason)" }
        #expect(
            events == [
                "joined one: by the consumer protocol",
                "rebalance started one: member one joined",
                "assigned : uniform: 4 of 4 partitions go to another of 1 member",
                "rebalance ended : every member has its partitions",
                "joined two: by the consumer protocol",
                "rebalance started two: member two joined",
                "assigned : uniform: 2 of 4 partitions go to another of 2 members",
                "rebalance ended : every member has its partitions",
                "left two: asked to leave",
                "rebalance started two: member two left: asked to leave",
                "assigned : uniform: 2 of 4 partitions go to another of 1 member",
            ])
    }
}
