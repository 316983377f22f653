import Bytes
import Collections
import KafkaProtocol
import KafkaProtocolMore
import Testing

@testable import Coordination
@testable import GroupCoordinator

/// What becomes of groups when a write fails that others were built upon, and after a restart.
@Suite struct TakenBackTests {
    private let bench = GroupBench()

    private func commit(_ epoch: Int32 = -1, of member: String = "", in group: String = "g") -> GroupCommand {
        var row = OffsetCommitRequest.OffsetCommitRequestPartition()
        row.committedOffset = 3
        var topic = OffsetCommitRequest.OffsetCommitRequestTopic()
        (topic.name, topic.partitions) = ("t", [row])
        var request = OffsetCommitRequest()
        (request.groupId, request.memberId, request.generationIdOrMemberEpoch) = (group, member, epoch)
        request.topics = [topic]
        return .commitOffsets(request, GroupClient(version: 9, clientID: "client", host: "/127.0.0.1"))
    }

    @Test func aGroupWhoseDeletionFailsIsThereForItsOffsets() throws {
        try bench.create("t", partitions: 1)
        try bench.ask(commit())
        let answers = try bench.askInVain([.deleteGroup("g"), commit()])
        #expect(answers.count == 2)
        #expect(bench.machine.offsets["g", "t", 0]?.offset == 3)
        #expect(bench.machine.groups["g"] != nil)
    }

    @Test func whoJoinsAGroupWhoseDeletionFailsIsAnswered() throws {
        try bench.create("t", partitions: 1)
        try bench.ask(commit())
        let client = ClassicClient(bench, ["t"], instance: "i")
        let answers = try bench.askInVain([.deleteGroup("g"), .joinGroup(client.joinRequest, client.client)])
        try bench.pass(60_000)
        guard case .success(.joinGroup(let response))? = answers.last.flatMap({ bench.outcome(of: $0) }) else {
            Issue.record("nobody answers who joined")
            return
        }
        #expect(response.errorCode == ErrorCode.coordinatorNotAvailable.rawValue)
        #expect(bench.classicGroup("g")?.members.isEmpty == true)
    }

    @Test func offsetsOfAGroupThatBecomesClassicHaveAGroupAfterARestart() throws {
        try bench.create("t", partitions: 1)
        let consumer = ConsumerClient(bench, "one")
        try consumer.join(["t"])
        try bench.ask(commit(consumer.epoch, of: "one"))
        try consumer.leave()
        let client = ClassicClient(bench, ["t"])
        #expect(
            try client.joinAnswer(to: client.sendJoin(client.joinRequest))?.errorCode
                == ErrorCode.memberIdRequired.rawValue)
        try bench.failOver()
        #expect(bench.machine.offsets["g", "t", 0]?.offset == 3)
        #expect(bench.classicGroup("g") != nil)
    }

    /// A classic group with one member, which has its assignment.
    private func settledClient() throws -> ClassicClient {
        try bench.create("t", partitions: 1)
        let client = ClassicClient(bench, ["t"], instance: "i")
        let joining = try client.sendJoin(client.joinRequest)
        try bench.pass(3_000)
        _ = try client.joinAnswer(to: joining)
        try client.sync([client.id: ClassicClient.assignment("t", [0])])
        return client
    }

    @Test func aMemberWhoseSessionEndedDuringAConversionThatFailsExpires() throws {
        _ = try settledClient()
        bench.isHolding = true
        let consumer = ConsumerClient(bench, "one")
        _ = try bench.send(
            .consumerGroupHeartbeat(
                consumer.joinRequest(["t"]), GroupClient(version: 1, clientID: "client", host: "/127.0.0.1")))
        #expect(bench.group("g") != nil)
        try bench.pass(10_000)
        try bench.release(committing: 0)
        #expect(bench.classicGroup("g")?.members.count == 1)
        try bench.pass(10_000)
        #expect(bench.classicGroup("g")?.members.isEmpty == true)
    }

    @Test func aMemberWhoseSessionEndedWhileItsLeavingWasNotStoredExpires() throws {
        try bench.create("t", partitions: 1)
        let consumer = ConsumerClient(bench, "one")
        try consumer.join(["t"])
        bench.isHolding = true
        _ = try bench.send(
            .consumerGroupHeartbeat(
                consumer.request { $0.memberEpoch = -1 },
                GroupClient(version: 1, clientID: "client", host: "/127.0.0.1")))
        try bench.pass(45_000)
        try bench.release(committing: 0)
        #expect(bench.group("g")?.members.count == 1)
        try bench.pass(45_000)
        #expect(bench.group("g")?.members.isEmpty == true)
    }

    /// What expires may be more than a batch takes: what was stored of it stays gone, the rest goes at the next look.
    @Test func anExpiryThatIsStoredInPartIsGoneOnWith() throws {
        try bench.create("t", partitions: 1)
        for group in 0..<10 { try bench.ask(commit(in: "g\(group)")) }
        bench.isHolding = true
        bench.batchSize = 300
        try bench.pass(GroupRules().offsetRetention + GroupRules().offsetExpiryInterval)
        try bench.release(committing: 2)
        let left = bench.machine.offsets.groups.count
        #expect(left > 0 && left < 10)
        try bench.pass(GroupRules().offsetExpiryInterval)
        #expect(bench.machine.offsets.groups.isEmpty)
        #expect(bench.machine.groups.current.isEmpty)
    }
}
