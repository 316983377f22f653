import Bytes
import KafkaProtocol
import KafkaProtocolMore
import Testing

@testable import GroupCoordinator

struct GroupHistoryTests {
    private func event(_ number: Int, reason: String) -> GroupEvent {
        GroupEvent(time: Int64(number), generation: 1, kind: .joined, member: NotedMember(id: "m"), reason: reason)
    }

    @Test func theLastEventsAreKept() {
        var histories = GroupHistories()
        for number in 0..<100 { histories.note(event(number, reason: "r"), of: "g") }
        #expect(histories.events(of: "g").map(\.time) == (36..<100).map(Int64.init))
    }

    @Test func whatClientsSayIsClipped() {
        let event = event(0, reason: String(repeating: "é", count: 40_000))
        #expect(event.reason.utf8.count < 600 && event.reason.hasSuffix("…"))
    }

    @Test func manyGroupsTakeNoMoreThanTheLimit() {
        var histories = GroupHistories()
        let reason = String(repeating: "r", count: 500)
        for group in 0..<500 {
            for number in 0..<64 { histories.note(event(number, reason: reason), of: "group-\(group)") }
            #expect(histories.cost <= GroupHistories.limit + 1_000)
        }
        #expect(histories.events(of: "group-0").isEmpty)
        #expect(histories.events(of: "group-499").count == 64)
    }

    // MARK: Refusals

    private func refusal(_ number: Int, client: Name = "app", instance: Name? = nil) -> GroupEvent {
        GroupEvent(
            time: Int64(number), generation: 1, kind: .refused,
            member: NotedMember(id: "m\(number)", instanceID: instance, clientID: client, host: "/10.0.0.1"),
            reason: "full")
    }

    @Test func theSameRefusalIsOneEventThatIsCounted() {
        var histories = GroupHistories()
        histories.note(event(5, reason: "r"), of: "g")
        for number in 10..<10_010 { histories.note(refusal(number), .groupMaxSizeReached, of: "g") }
        histories.note(event(20_000, reason: "r"), of: "g")
        let events = histories.events(of: "g")
        #expect(events.map(\.time) == [5, 10_009, 20_000])
        #expect(events[1].count == 10_000 && events[1].firstTime == 10 && events[1].member?.id == "m10009")
        // Another reason, another client and another instance are other refusals.
        histories.note(refusal(20_001), .inconsistentGroupProtocol, of: "g")
        histories.note(refusal(20_002, client: "other"), .groupMaxSizeReached, of: "g")
        histories.note(refusal(20_003, instance: "i1"), .groupMaxSizeReached, of: "g")
        #expect(histories.events(of: "g").map(\.count) == [1, 10_000, 1, 1, 1, 1])
    }

    @Test func refusalsPushNothingElseOut() {
        var histories = GroupHistories()
        for number in 0..<64 { histories.note(event(number, reason: "r"), of: "g") }
        for number in 100..<200 { histories.note(refusal(number, client: "c\(number)"), .unknownMemberId, of: "g") }
        let events = histories.events(of: "g")
        #expect(events.prefix(64).map(\.kind) == Array(repeating: .joined, count: 64))
        #expect(events.dropFirst(64).map(\.time) == (184..<200).map(Int64.init))
    }

    @Test func refusalsCountForTheLimit() {
        var histories = GroupHistories()
        let client = String(repeating: "c", count: 500)
        for group in 0..<400 {
            for number in 0..<32 {
                histories.note(refusal(number, client: "\(number)\(client)"), .unknownMemberId, of: "group-\(group)")
            }
            #expect(histories.cost <= GroupHistories.limit + 2_000)
        }
        #expect(histories.events(of: "group-0").isEmpty && histories.events(of: "group-399").count == 16)
    }
}

/// Whom a rebalance waits for.
struct AwaitedMemberTests {
    private let bench: GroupBench

    init() throws {
        bench = GroupBench()
        try bench.create("orders", partitions: 4)
    }

    private var wall: Int64 { 1_000_000_000 + bench.now }

    private func awaited() throws -> [AwaitedMember] { try bench.explain("g")?.awaited ?? [] }

    @Test func aConsumerThatHasToGiveUpPartitionsIsNamedWithItsDeadlines() throws {
        let first = ConsumerClient(bench, "first", instance: "one")
        try first.send(first.joinRequest(["orders"]))
        #expect(try awaited().isEmpty)
        try bench.pass(1_000)
        let second = ConsumerClient(bench, "second")
        try second.send(second.joinRequest(["orders"]))
        let told = try #require(try awaited().first)
        #expect(told.member == NotedMember(id: "first", instanceID: "one", clientID: "client", host: "/127.0.0.1"))
        #expect(told.task == "to hear of its new assignment" && told.since == wall && told.deadline == nil)
        #expect(told.lastHeard == wall - 1_000 && told.sessionEnd == wall + 44_000)
        try bench.pass(2_000)
        // It hears of it, and does not answer.
        try first.send(first.request())
        let revoking = try awaited()
        #expect(revoking.map(\.member.id.text) == ["first"], "the other only waits")
        #expect(revoking.first?.task == "to give up 2 partitions")
        #expect(revoking.first?.since == wall && revoking.first?.deadline == wall + 10_000)
        try bench.pass(10_000)
        #expect(try bench.events("g").contains { $0.kind == .evicted && $0.member?.instanceID == "one" })
    }

    @Test func classicMembersThatHaveNotJoinedAgainAreNamed() throws {
        let first = ClassicClient(bench, ["orders"])
        _ = try first.joinAnswer(to: first.sendJoin(first.joinRequest))
        let token = try first.sendJoin(first.joinRequest)
        #expect(try bench.explain("g")?.awaited.isEmpty == true)
        #expect(try bench.explain("g")?.awaitedUntil == wall + 3_000)
        try bench.pass(6_000)
        _ = try first.joinAnswer(to: token)
        #expect(try awaited().map(\.task) == ["to assign the partitions"])
        try first.sync([first.id: ClassicClient.assignment("orders", [0, 1, 2, 3])])
        #expect(try awaited().isEmpty)
        let second = ClassicClient(bench, ["orders"])
        _ = try second.joinAnswer(to: second.sendJoin(second.joinRequest))
        #expect(try awaited().isEmpty, "an id alone begins no rebalance")
        _ = try second.sendJoin(second.joinRequest)
        let began = wall
        let third = ClassicClient(bench, ["orders"])
        _ = try third.joinAnswer(to: third.sendJoin(third.joinRequest))
        try bench.pass(4_000)
        let late = try awaited()
        #expect(late.map(\.member.id.text) == [first.id, third.id])
        #expect(late.map(\.task) == ["to join again", "to join with the id that it was given"])
        #expect(late.first?.since == began && late.first?.deadline == began + 20_000)
        #expect(late.first?.lastHeard == began && late.first?.sessionEnd == began + 10_000)
        #expect(try bench.explain("g")?.awaitedUntil == began + 20_000)
    }

    @Test func whatIsRefusedIsRemembered() throws {
        let first = ConsumerClient(bench, "first", instance: "one")
        try first.send(first.joinRequest(["orders"]))
        let other = ConsumerClient(bench, "other", instance: "one")
        for _ in 0..<3 { try other.send(other.joinRequest(["orders"])) }
        let stranger = ConsumerClient(bench, "stranger")
        try stranger.send(stranger.request { $0.memberEpoch = 3 })
        let refused = try bench.events("g").filter { $0.kind == .refused }
        #expect(refused.map(\.count) == [3, 1] && refused.map(\.member?.id) == ["other", "stranger"])
        #expect(refused[0].reason.hasSuffix("(UNRELEASED_INSTANCE_ID)"))
        #expect(refused[1].reason == "Member stranger is not a member of group g. (UNKNOWN_MEMBER_ID)")
        // Of what is not there nothing is kept: a client may name whatever it likes.
        let nowhere = ConsumerClient(bench, "stranger", group: "nowhere")
        try nowhere.send(nowhere.request { $0.memberEpoch = 3 })
        #expect(try bench.events("nowhere").isEmpty)
    }
}
