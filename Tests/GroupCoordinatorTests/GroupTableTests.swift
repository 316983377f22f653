import Bytes
import KafkaProtocol
import KafkaProtocolMore
import Testing

@testable import Coordination
@testable import GroupCoordinator

/// Groups that come to be with their first offset. That they are counted right, `GroupBench` looks after in each test.
@Suite struct GroupTableTests {
    private let bench = GroupBench()

    private var commit: OffsetCommitRequest {
        var row = OffsetCommitRequest.OffsetCommitRequestPartition()
        row.committedOffset = 3
        var topic = OffsetCommitRequest.OffsetCommitRequestTopic()
        (topic.name, topic.partitions) = ("t", [row])
        var request = OffsetCommitRequest()
        request.groupId = "g"
        request.topics = [topic]
        return request
    }

    private let client = GroupClient(version: 8, clientID: "client", host: "/127.0.0.1")

    @Test func aFirstCommitThatFailsLeavesNoGroup() throws {
        try bench.create("t", partitions: 1)
        let refused = try bench.askInVain(.commitOffsets(commit, client))
        guard case .failure(.notStored)? = refused else {
            Issue.record("it was stored")
            return
        }
        #expect(bench.machine.groups["g"] == nil)
        #expect(bench.machine.counts == GroupCounts())
        try bench.ask(.commitOffsets(commit, client))
        #expect(bench.machine.counts.classic == ["Empty": 1])
        // What was there before a commit that fails stays.
        _ = try bench.askInVain(.commitOffsets(commit, client))
        #expect(bench.machine.groups["g"] != nil)
    }

    @Test func aGroupThatSomebodyIsAboutToJoinStays() {
        var table = GroupTable()
        table.found("g", in: .loaded.next)
        table.found("h", in: .loaded.next)
        if case .classic(let group)? = table["g"] { group.pendingMembers = ["m"] }
        _ = table.revert(to: .loaded)
        #expect(table["g"] != nil && table["h"] == nil)
        #expect(table.stateCounts.classic == ["Empty": 1])
    }

    @Test func aGroupWhoseOffsetIsCommittedStays() {
        var table = GroupTable()
        table.found("g", in: .loaded.next)
        table.commit(upTo: .loaded.next)
        _ = table.revert(to: .loaded.next)
        #expect(table["g"] != nil)
    }
}
