import Bytes
import Collections
import KafkaProtocol
import KafkaProtocolMore
import Testing

@testable import GroupCoordinator

/// Groups that change from one protocol to the other, and members of both in one group.
@Suite struct MigrationTests {
    private func bench(_ migration: GroupRules.Migration = .bidirectional) -> GroupBench {
        var rules = GroupRules()
        rules.migration = migration
        rules.initialRebalanceDelay = 0
        return GroupBench(rules: rules)
    }

    /// A classic group with one member that has both partitions of "t".
    private func classicMember(_ bench: GroupBench, instance: String? = nil, userData: [UInt8]? = nil) throws
        -> ClassicClient
    {
        let client = ClassicClient(bench, ["t"], instance: instance)
        var token = try client.sendJoin(client.joinRequest)
        if instance == nil {
            _ = try client.joinAnswer(to: token)
            token = try client.sendJoin(client.joinRequest)
        }
        try bench.pass(0)
        #expect(try client.joinAnswer(to: token)?.errorCode == 0)
        let assignment = ClassicClient.assignment("t", [0, 1], userData: userData)
        #expect(try client.sync([client.id: assignment]).errorCode == 0)
        #expect(client.owned == ["t": [0, 1]])
        return client
    }

    private func settle(_ bench: GroupBench, _ classic: [ClassicClient], _ consumers: [ConsumerClient]) throws {
        for _ in 0..<20 {
            for client in classic { try client.work() }
            for client in consumers { try client.beat() }
            try bench.pass(1_000)
            if bench.group("g")?.state == .stable { return }
        }
        Issue.record("the group does not settle")
    }

    // MARK: Up

    @Test func aGroupIsConvertedWhileItsMembersStay() throws {
        let bench = bench()
        let topic = try bench.create("t", partitions: 2)
        let old = try classicMember(bench)
        let generation = old.generation
        let new = ConsumerClient(bench, "new")
        try new.join(["t"])
        let group = try #require(bench.group("g"))
        #expect(group.members.count == 2)
        #expect(group.epoch == generation + 1)
        #expect(group.members[Name(old.id)]?.current.assigned == [topic: [0: generation, 1: generation]])
        #expect(group.members[Name(old.id)]?.isClassic == true)
        #expect(try bench.events("g").contains { $0.kind == .converted })

        #expect(try old.beat() == .rebalanceInProgress)
        try settle(bench, [old], [new])
        #expect(old.owned.values.map(\.count) == [1])
        #expect(new.count == 1)
        #expect(try old.beat() == .none)
        let description = try bench.describe("g")
        #expect(description.members.map(\.memberType).sorted() == [0, 1])
    }

    @Test func whoWaitsForTheClassicGroupIsToldToJoinAgain() throws {
        let bench = bench()
        try bench.create("t", partitions: 2)
        let old = try classicMember(bench)
        let late = ClassicClient(bench, ["t"])
        _ = try late.joinAnswer(to: late.sendJoin(late.joinRequest))
        let parked = try late.sendJoin(late.joinRequest)
        #expect(try late.joinAnswer(to: parked) == nil)
        try ConsumerClient(bench, "new").join(["t"])
        #expect(try late.joinAnswer(to: parked)?.errorCode == ErrorCode.rebalanceInProgress.rawValue)
        #expect(bench.group("g")?.members.count == 3)
        #expect(try late.join()?.errorCode == 0)
        #expect(try old.beat() == .rebalanceInProgress)
    }

    @Test func anEmptyGroupIsConvertedSilently() throws {
        let bench = bench(.disabled)
        try bench.create("t", partitions: 2)
        let old = try classicMember(bench)
        #expect(try old.leave() == .none)
        try bench.pass(0)
        let new = ConsumerClient(bench, "new")
        #expect(try new.join(["t"]).errorCode == 0)
        #expect(new.count == 2)
        try new.leave()
        let again = ClassicClient(bench, ["t"])
        _ = try again.joinAnswer(to: again.sendJoin(again.joinRequest))
        let token = try again.sendJoin(again.joinRequest)
        try bench.pass(0)
        #expect(try again.joinAnswer(to: token)?.errorCode == 0)
        #expect(bench.group("g") == nil)
    }

    @Test func conversionsAreRefused() throws {
        func refusal(_ bench: GroupBench, _ reason: String) throws {
            let response = try ConsumerClient(bench, "new").join(["t"])
            #expect(response.errorCode == ErrorCode.groupIdNotFound.rawValue)
            #expect(
                response.errorMessage == "Cannot upgrade classic group g to consumer group because \(reason).")
            #expect(bench.classicGroup("g")?.members.count == 1)
        }
        let disabled = bench(.downgrade)
        _ = try classicMember(disabled)
        try refusal(disabled, "online upgrade is disabled")

        let custom = bench()
        _ = try classicMember(custom, userData: [1])
        try refusal(
            custom,
            "an unsupported custom assignor is in use. Please refer to the documentation or switch to a default assignor "
                + "before re-attempting the upgrade")

        let connect = bench()
        let worker = ClassicClient(connect, ["t"])
        var request = worker.joinRequest
        request.protocolType = "connect"
        _ = try worker.joinAnswer(to: worker.sendJoin(request))
        request.memberId = worker.id
        _ = try worker.sendJoin(request)
        try refusal(connect, "the group does not use the consumer embedded protocol")

        let malformed = bench()
        let garbler = try classicMember(malformed)
        #expect(try garbler.join()?.errorCode == 0)
        try garbler.sync([garbler.id: [0]])
        try refusal(malformed, "the embedded consumer protocol is malformed")

        var rules = GroupRules()
        rules.maximumConsumerSize = 0
        rules.initialRebalanceDelay = 0
        let small = GroupBench(rules: rules)
        _ = try classicMember(small)
        try refusal(small, "the group size exceeds the consumer group maximum size")
        #expect(try small.describe("g").errorMessage == "Group g is not a consumer group.")
        let stranger = ConsumerClient(small, "x")
        let response = try stranger.send(stranger.request { $0.memberEpoch = 3 })
        #expect(response.errorMessage == "Group g is not a consumer group.")
    }

    @Test func aStaticMemberChangesItsProtocol() throws {
        let bench = bench()
        let topic = try bench.create("t", partitions: 2)
        let old = try classicMember(bench, instance: "i")
        let new = ConsumerClient(bench, "new", instance: "i")
        try new.join(["t"])
        #expect(new.owned == [topic: [0, 1]])
        #expect(bench.group("g")?.members.count == 1)
        #expect(try old.beat() == .fencedInstanceId)
    }

    // MARK: Classic members of a consumer group

    @Test func aClassicMemberJoinsAndScales() throws {
        let bench = bench()
        try bench.create("t", partitions: 4)
        let new = ConsumerClient(bench, "new")
        try new.join(["t"])
        try bench.pass(1_000)
        let old = ClassicClient(bench, ["t"])
        let joined = try #require(try old.join())
        #expect(joined.errorCode == 0)
        #expect(joined.leader == "")
        #expect(joined.members.isEmpty)
        #expect(joined.protocolType == "consumer")
        #expect(joined.protocolName == "range")
        try old.sync()
        try settle(bench, [old], [new])
        #expect(old.owned.values.map(\.count) == [2])
        #expect(new.count == 2)
        #expect(try old.leave() == .none)
        try settle(bench, [], [new])
        #expect(new.count == 4)
    }

    @Test func aClassicMemberIsRefused() throws {
        let bench = bench()
        try bench.create("t", partitions: 2)
        try ConsumerClient(bench, "new").join(["t"])
        let old = ClassicClient(bench, ["t"])
        var request = old.joinRequest
        request.protocolType = "connect"
        #expect(
            try old.joinAnswer(to: old.sendJoin(request))?.errorCode
                == ErrorCode.inconsistentGroupProtocol.rawValue)
        try old.join()
        let other = ClassicClient(bench, ["t"], protocols: ["roundrobin"])
        #expect(try other.join()?.errorCode == ErrorCode.inconsistentGroupProtocol.rawValue)

        #expect(try old.beat(generation: 99) == .illegalGeneration)
        var sync = old.syncRequest()
        sync.generationId = 99
        #expect(try old.send(sync).errorCode == ErrorCode.illegalGeneration.rawValue)
        sync = old.syncRequest()
        sync.protocolName = "roundrobin"
        #expect(try old.send(sync).errorCode == ErrorCode.inconsistentGroupProtocol.rawValue)

        for id in ["new", "nobody"] {
            let stranger = ClassicClient(bench, ["t"], id: id)
            #expect(try stranger.beat() == .unknownMemberId)
            #expect(try stranger.sync().errorCode == ErrorCode.unknownMemberId.rawValue)
        }
        #expect(try old.leave("nobody") == .unknownMemberId)
        #expect(try old.leave("", instance: "nobody") == .unknownMemberId)
    }

    @Test func withoutMigrationNoClassicMemberComesIn() throws {
        let bench = bench(.disabled)
        try ConsumerClient(bench, "new").join(["t"])
        #expect(
            try ClassicClient(bench, ["t"]).join()?.errorCode == ErrorCode.inconsistentGroupProtocol.rawValue)
    }

    @Test func aFullGroupTakesNoClassicMember() throws {
        var rules = GroupRules()
        rules.maximumConsumerSize = 1
        let bench = GroupBench(rules: rules)
        try ConsumerClient(bench, "new").join(["t"])
        #expect(try ClassicClient(bench, ["t"]).join()?.errorCode == ErrorCode.groupMaxSizeReached.rawValue)
    }

    @Test func aSyncBehindTheTargetIsToldToJoin() throws {
        let bench = bench()
        try bench.create("t", partitions: 4)
        let new = ConsumerClient(bench, "new")
        try new.join(["t"])
        try bench.pass(1_000)
        let old = ClassicClient(bench, ["t"])
        try old.join()
        try bench.pass(1_000)
        try ConsumerClient(bench, "another").join(["t"])
        #expect(try old.sync().errorCode == ErrorCode.rebalanceInProgress.rawValue)
    }

    @Test func aClassicMemberThatDoesNotJoinIsEvicted() throws {
        let bench = bench()
        try bench.create("t", partitions: 2)
        let old = try classicMember(bench)
        let new = ConsumerClient(bench, "new")
        try new.join(["t"])
        // It says that it is alive, and does not do what it is told.
        for _ in 0..<4 {
            #expect(try old.beat() == .rebalanceInProgress)
            try bench.pass(4_999)
        }
        #expect(bench.group("g")?.members[Name(old.id)] != nil)
        try bench.pass(4)
        #expect(bench.group("g")?.members[Name(old.id)] == nil)
        #expect(
            try bench.events("g").contains { $0.reason == "did not join or sync within 20000 ms" })
    }

    @Test func aClassicMembersSessionIsItsOwn() throws {
        let bench = bench()
        try bench.create("t", partitions: 2)
        let old = try classicMember(bench)
        try ConsumerClient(bench, "new").join(["t"])
        try bench.pass(9_999)
        #expect(bench.group("g")?.members[Name(old.id)] != nil)
        try bench.pass(1)
        #expect(bench.group("g")?.members[Name(old.id)] == nil)
    }

    // MARK: Down

    @Test func theGroupIsClassicAgainWithoutConsumerMembers() throws {
        let bench = bench()
        try bench.create("t", partitions: 2)
        let old = try classicMember(bench)
        let new = ConsumerClient(bench, "new")
        try new.join(["t"])
        try settle(bench, [old], [new])
        let epoch = bench.group("g")?.epoch
        try new.leave()
        let group = try #require(bench.classicGroup("g"))
        #expect(group.state == .preparing)
        #expect(group.generation == epoch)
        #expect(group.members.keys.sorted() == [Name(old.id)])
        #expect(try old.beat() == .rebalanceInProgress)
        let token = try old.sendJoin(old.joinRequest)
        try bench.pass(0)
        #expect(try old.joinAnswer(to: token)?.leader == old.id)
        #expect(try old.sync([old.id: ClassicClient.assignment("t", [0, 1])]).errorCode == 0)
        #expect(old.owned == ["t": [0, 1]])
        #expect(try old.beat() == .none)
    }

    @Test func anEvictionEndsTheProtocolToo() throws {
        let bench = bench()
        try bench.create("t", partitions: 2)
        let old = try classicMember(bench)
        try ConsumerClient(bench, "new").join(["t"])
        for _ in 0..<9 {
            try old.work()
            try bench.pass(5_000)
        }
        #expect(bench.group("g") == nil)
        #expect(bench.classicGroup("g")?.members.count == 1)
    }

    @Test func whereItMayNotTheGroupStaysAndIsServed() throws {
        let bench = bench(.upgrade)
        try bench.create("t", partitions: 2)
        let old = try classicMember(bench)
        let new = ConsumerClient(bench, "new")
        try new.join(["t"])
        try settle(bench, [old], [new])
        try new.leave()
        #expect(bench.group("g")?.members.count == 1)
        try bench.pass(1_000)
        try settle(bench, [old], [])
        #expect(old.owned == ["t": [0, 1]])
    }

    /// The one consumer of a group with an old member, by its instance id, and the old member; each has a partition.
    private func lastConsumer(_ bench: GroupBench) throws -> (new: ConsumerClient, old: ClassicClient) {
        try bench.create("t", partitions: 2)
        let old = try classicMember(bench)
        let new = ConsumerClient(bench, "new", instance: "i")
        try new.join(["t"])
        try settle(bench, [old], [new])
        return (new, old)
    }

    @Test func theLastConsumerThatComesBackClassicTakesTheGroupAlong() throws {
        let bench = bench()
        let (new, old) = try lastConsumer(bench)
        let owned = old.owned
        try new.leave(epoch: -2)
        let again = ClassicClient(bench, ["t"], instance: "i")
        let joined = try #require(try again.join())
        #expect(joined.errorCode == 0 && joined.leader.isEmpty)
        let group = try #require(bench.classicGroup("g"))
        #expect(group.state == .stable)
        #expect(group.members.keys.sorted() == [Name(old.id), Name(again.id)].sorted())
        // Nobody has to join: each has what the broker assigned.
        #expect(try again.sync().errorCode == 0)
        #expect(again.owned.values.reduce(0) { $0 + $1.count } == 1)
        #expect(again.owned != owned)
        #expect(try old.beat() == .none)
        #expect(try again.beat() == .none)
    }

    @Test func theLastConsumerThatGoesOnClassicTakesTheGroupAlong() throws {
        let bench = bench()
        let (new, old) = try lastConsumer(bench)
        let same = ClassicClient(bench, ["t"], id: new.id, instance: "i")
        #expect(try same.join()?.errorCode == 0)
        #expect(same.id == new.id)
        #expect(bench.classicGroup("g")?.state == .stable)
        #expect(bench.classicGroup("g")?.members.keys.sorted() == [Name(old.id), Name(new.id)].sorted())
        #expect(try same.sync().errorCode == 0)
        #expect(same.owned.values.reduce(0) { $0 + $1.count } == 1)
        #expect(try same.beat() == .none && old.beat() == .none)
    }

    @Test func aConsumerThatReadsOtherThingsClassicHasTheOthersJoin() throws {
        let bench = bench()
        let (new, old) = try lastConsumer(bench)
        try bench.create("u", partitions: 2)
        let epoch = try #require(bench.group("g")?.epoch)
        let same = ClassicClient(bench, ["t", "u"], id: new.id, instance: "i")
        #expect(try same.join()?.generationId == epoch)
        let group = try #require(bench.classicGroup("g"))
        #expect(group.state == .preparing)
        #expect(group.generation == epoch)
        #expect(try same.sync().errorCode == ErrorCode.rebalanceInProgress.rawValue)
        #expect(try old.beat() == .rebalanceInProgress)
    }

    @Test func aGroupThatTurnsClassicOnTheWayToItsTargetHasItsMembersJoin() throws {
        let bench = bench()
        try bench.create("t", partitions: 2)
        let old = try classicMember(bench)
        let new = ConsumerClient(bench, "new", instance: "i")
        try new.join(["t"])
        #expect(new.count == 0)
        let same = ClassicClient(bench, ["t"], id: new.id, instance: "i")
        #expect(try same.join()?.errorCode == 0)
        #expect(bench.classicGroup("g")?.state == .preparing)
        // The old member has both partitions, and has not been asked for one yet.
        #expect(try same.sync().errorCode == ErrorCode.rebalanceInProgress.rawValue)
        #expect(same.owned.isEmpty && old.owned == ["t": [0, 1]])
    }

    @Test func whereOthersSpeakItTheGroupStays() throws {
        let bench = bench()
        let (new, _) = try lastConsumer(bench)
        try ConsumerClient(bench, "another").join(["t"])
        try ClassicClient(bench, ["t"], id: new.id, instance: "i").join()
        #expect(bench.group("g")?.members.count == 3)
    }

    @Test func whereItMayNotTheLastConsumerIsServedAsItSpeaks() throws {
        let bench = bench(.upgrade)
        let (new, old) = try lastConsumer(bench)
        let same = ClassicClient(bench, ["t"], id: new.id, instance: "i")
        try same.join()
        #expect(bench.group("g")?.members[Name(new.id)]?.isClassic == true)
        try settle(bench, [old, same], [])
    }

    @Test func whoJoinsAConvertedGroupInVainIsTold() throws {
        let bench = bench()
        try bench.create("t", partitions: 2)
        let new = ConsumerClient(bench, "new")
        try new.join(["t"])
        try new.leave()
        let before = bench.group("g")
        let old = ClassicClient(bench, ["t"], instance: "i")
        guard
            case .success(.joinGroup(let response))? = try bench.askInVain(.joinGroup(old.joinRequest, old.client))
        else {
            Issue.record("nobody tells the member")
            return
        }
        #expect(response.errorCode == ErrorCode.coordinatorNotAvailable.rawValue)
        #expect(bench.group("g") == before)
    }
}
