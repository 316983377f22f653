import Bytes
import KafkaProtocol
import KafkaProtocolMore
import Testing

@testable import KafkaClientCore

struct RangeAssignmentTests {
    private func member(_ id: Name, _ topics: [String] = ["t"], instance: Name? = nil) -> RangeAssignment.Member {
        RangeAssignment.Member(id: id, instanceId: instance, topics: topics)
    }

    private func numbers(_ result: [Name: [TopicPartition]]) -> [Name: [Int32]] {
        result.mapValues { $0.map(\.partition) }
    }

    @Test func theFirstMembersGetOneMore() {
        let result = RangeAssignment.assign([member("b"), member("a"), member("c")], partitionCounts: ["t": 8])
        #expect(numbers(result) == ["a": [0, 1, 2], "b": [3, 4, 5], "c": [6, 7]])
    }

    @Test func eachTopicIsDividedAmongThoseWhoReadIt() {
        let members = [member("a", ["t", "u"]), member("b", ["u"]), member("c", ["gone"])]
        let result = RangeAssignment.assign(members, partitionCounts: ["t": 2, "u": 2])
        #expect(result["a"]?.map(\.description) == ["t-0", "t-1", "u-0"])
        #expect(result["b"]?.map(\.description) == ["u-1"])
        #expect(result["c"] == [])
    }

    @Test func staticMembersComeFirst() {
        let members = [member("a"), member("z", instance: "1"), member("y", instance: "2")]
        #expect(numbers(RangeAssignment.assign(members, partitionCounts: ["t": 3])) == ["z": [0], "y": [1], "a": [2]])
    }

    @Test func fewerPartitionsThanMembersLeaveSomeWithout() {
        let result = RangeAssignment.assign([member("a"), member("b")], partitionCounts: ["t": 1])
        #expect(numbers(result) == ["a": [0], "b": []])
    }
}

struct GroupMembershipTests {
    private typealias Step = GroupMembership.Step

    private func joined(_ id: String, leader: String, members: [String] = [], generation: Int32 = 1) throws
        -> JoinGroupResponse
    {
        var response = JoinGroupResponse()
        response.generationId = generation
        response.memberId = id
        response.leader = leader
        response.members = try members.map { id in
            var subscription = ConsumerProtocolSubscription()
            subscription.topics = ["t"]
            var row = JoinGroupResponse.JoinGroupResponseMember()
            row.memberId = id
            row.metadata = try ConsumerProtocolBytes.bytes(subscription, version: 1)
            return row
        }
        return response
    }

    private func refused(_ error: ErrorCode, member: String = "") -> JoinGroupResponse {
        var response = JoinGroupResponse()
        response.errorCode = error.rawValue
        response.memberId = member
        return response
    }

    private func synced(_ partitions: [TopicPartition], _ error: ErrorCode = .none) throws -> SyncGroupResponse {
        var response = SyncGroupResponse()
        response.errorCode = error.rawValue
        response.assignment = try ConsumerProtocolBytes.bytes(assigning: partitions)
        return response
    }

    private let t0 = TopicPartition(topic: "t", partition: 0)

    /// A member with a partition, which does not lead.
    private func stable() throws -> GroupMembership {
        var member = GroupMembership()
        _ = member.begin()
        _ = member.joinAnswered(try joined("m", leader: "other"))
        #expect(member.syncAnswered(try synced([t0])) == [.adopt([t0])])
        return member
    }

    @Test func aMemberIsGivenAnIdThenPartitions() throws {
        var member = GroupMembership()
        #expect(member.begin() == [.join] && member.begin() == [])
        #expect(member.joinAnswered(refused(.memberIdRequired, member: "m")) == [.join])
        #expect(member.memberId == "m")
        #expect(member.joinAnswered(try joined("m", leader: "other", generation: 4)) == [.sync(assignments: [:])])
        #expect(member.syncAnswered(try synced([t0])) == [.adopt([t0])])
        #expect(member.state == .stable && member.generation == 4 && !member.isLeader)
    }

    @Test func theLeaderDivides() throws {
        var member = GroupMembership()
        _ = member.begin()
        #expect(member.joinAnswered(try joined("m", leader: "m", members: ["m", "n"])) == [.lookUp(topics: ["t"])])
        guard case .sync(let assignments)? = member.divide(["t": 3]).first else { throw ExpectationFailed() }
        #expect(ConsumerProtocolBytes.assignment(assignments["m"] ?? [])?.map(\.partition) == [0, 1])
        #expect(ConsumerProtocolBytes.assignment(assignments["n"] ?? [])?.map(\.partition) == [2])
        _ = member.syncAnswered(try synced([t0]))
        #expect(member.partitionCountsChanged(["t": 3]) == [])
        #expect(member.partitionCountsChanged([:]) == [])
        #expect(member.partitionCountsChanged(["t": 4]) == [.revoke])
    }

    private struct ExpectationFailed: Error {}

    @Test func aRebalanceIsJoinedAfterWhatWasReadIsStored() throws {
        var member = try stable()
        #expect(member.answered(.none) == [])
        #expect(member.answered(.rebalanceInProgress) == [.revoke])
        #expect(member.answered(.rebalanceInProgress) == [])
        #expect(member.state == .revoking)
        #expect(member.revoked() == [.join] && member.memberId == "m")
    }

    @Test(arguments: [ErrorCode.unknownMemberId, .illegalGeneration])
    func whoWasThrownOutStartsAnew(error: ErrorCode) throws {
        var member = try stable()
        #expect(member.answered(error) == [.abandon, .join])
        #expect(member.memberId.isEmpty && member.generation == -1)
    }

    @Test func aSessionWithoutAnswersIsOver() throws {
        var member = try stable()
        #expect(member.sessionEnded() == [.abandon, .join])
        #expect(member.sessionEnded() == [])
    }

    @Test func aCoordinatorThatMovedIsLookedFor() throws {
        var member = try stable()
        #expect(member.answered(.notCoordinator) == [.findCoordinator] && member.state == .stable)
        var joining = GroupMembership()
        _ = joining.begin()
        #expect(joining.joinAnswered(refused(.notCoordinator)) == [.joinLater(findingCoordinator: true)])
        #expect(joining.joinAnswered(refused(.coordinatorLoadInProgress)) == [.joinLater(findingCoordinator: false)])
        #expect(joining.unreachable() == [.joinLater(findingCoordinator: true)])
    }

    @Test func aRefusalIsTheEnd() {
        for error in [ErrorCode.inconsistentGroupProtocol, .groupMaxSizeReached, .groupAuthorizationFailed] {
            var member = GroupMembership()
            _ = member.begin()
            #expect(member.joinAnswered(refused(error)) == [.fail(error)])
            #expect(member.state == .ended && member.begin() == [])
        }
    }

    @Test func syncingMayHaveToStartAgain() throws {
        func syncing() throws -> GroupMembership {
            var member = GroupMembership()
            _ = member.begin()
            _ = member.joinAnswered(try joined("m", leader: "other"))
            return member
        }
        var member = try syncing()
        #expect(member.syncAnswered(try synced([], .rebalanceInProgress)) == [.join] && member.memberId == "m")
        member = try syncing()
        #expect(member.syncAnswered(try synced([], .unknownMemberId)) == [.join] && member.memberId.isEmpty)
        member = try syncing()
        var broken = SyncGroupResponse()
        broken.assignment = [0, 0, 127, 255, 255, 255]
        #expect(member.syncAnswered(broken) == [.fail(.unknownServerError)])
    }
}

struct GroupCommitsTests {
    private let t0 = TopicPartition(topic: "t", partition: 0)
    private let t1 = TopicPartition(topic: "t", partition: 1)

    private func begun(_ beginning: GroupCommits.Beginning) -> [TopicPartition: Int64]? {
        if case .store(let offsets) = beginning { offsets } else { nil }
    }

    @Test func oneRequestAtATime() {
        var commits = GroupCommits()
        if case .nothingToStore = commits.begin({}) {} else { Issue.record("there is nothing to store") }
        commits.processed(upTo: 5, of: t0)
        #expect(begun(commits.begin {}) == [t0: 5])
        commits.processed(upTo: 9, of: t0)
        commits.processed(upTo: 2, of: t1)
        var hasGoneOn = false
        if case .waits = commits.begin({ hasGoneOn = true }) {} else { Issue.record("a request is under way") }
        let first = commits.end([t0: 5], isStored: true)
        #expect(first.goOn.isEmpty && first.isWantedAgain)
        #expect(begun(commits.begin {}) == [t0: 9, t1: 2])
        let second = commits.end([t0: 9, t1: 2], isStored: true)
        for then in second.goOn { then() }
        #expect(hasGoneOn && !second.isWantedAgain)
    }

    @Test func whatFailedIsKeptButNobodyWaitsForIt() {
        var commits = GroupCommits()
        commits.processed(upTo: 5, of: t0)
        _ = commits.begin {}
        let ended = commits.end([t0: 5], isStored: false)
        #expect(ended.goOn.count == 1 && !ended.isWantedAgain)
        #expect(begun(commits.begin {}) == [t0: 5])
        _ = commits.end([t0: 5], isStored: false)
        commits.forget()
        if case .nothingToStore = commits.begin({}) {} else { Issue.record("it was forgotten") }
    }
}
