import Bytes
import KafkaProtocol
import KafkaProtocolMore
import Testing
import Transcripts

@testable import GroupCoordinator

/// Requests of all kinds in any order, sensible or not, over a log that fails now and then.
///
/// Whenever nothing is under way the state is what the log says, which `GroupBench` looks after; and everybody is answered in
/// the end.
@Suite struct FailingLogTests {
    private final class Chaos {
        let bench: GroupBench
        var generator: SeededGenerator
        var tokens: [UInt64] = []
        /// Member ids and generations that somebody was told.
        var ids: [String] = ["", "one", "two", "stranger"]
        var generations: [Int32] = [-1, 0, 1]
        var seen = 0

        init(seed: UInt64) throws {
            var rules = GroupRules()
            rules.initialRebalanceDelay = 1_000
            bench = GroupBench(rules: rules)
            generator = SeededGenerator(seed)
            try bench.create("t", partitions: 3)
        }

        func any<Element>(_ choices: [Element]) -> Element {
            choices[Int.random(in: 0..<choices.count, using: &generator)]
        }

        func step() throws {
            if !bench.isHolding, any([true, false, false, false]) { bench.isHolding = true }
            bench.batchSize = any([200, 500, .max])
            tokens += try bench.sendTogether((0..<any([1, 1, 1, 4])).map { _ in command() })
            learn()
            guard bench.isHolding, any([true, false, false]) else {
                return try bench.pass(any([0, 0, 10, 1_000, 1_000, 20_000]))
            }
            // Of a tick that has several batches the first may be stored without the second.
            try bench.release(committing: any([0, 1, 2, .max]))
        }

        /// The end: everything is stored, and everybody who does not go on is thrown out.
        func calm() throws {
            try bench.release(committing: .max)
            try bench.pass(3_600_000)
        }

        private func learn() {
            for token in tokens[seen...] {
                switch bench.outcome(of: token) {
                case .success(.joinGroup(let response))? where !response.memberId.isEmpty:
                    ids.append(response.memberId)
                    generations.append(response.generationId)
                case .success(.consumerGroupHeartbeat(let response))?: generations.append(response.memberEpoch)
                default: break
                }
            }
            (ids, generations) = (ids.suffix(8), generations.suffix(6))
            ids.append(any(["", "one", "two"]))
            seen = max(0, tokens.count - 6)
        }

        // MARK: Requests

        private func command() -> GroupCommand {
            switch any([0, 0, 0, 1, 1, 1, 2, 2]) {
            case 0: classic()
            case 1: consumer()
            default: offsets()
            }
        }

        private var instance: String? { any([nil, nil, "i", "j"]) }

        private func classic() -> GroupCommand {
            let member = ClassicClient(bench, ["t"], id: any(ids), instance: instance)
            switch any([0, 0, 0, 1, 1, 2, 3]) {
            case 0:
                var request = member.joinRequest
                request.rebalanceTimeoutMs = any([0, 5_000, 20_000])
                return .joinGroup(request, member.client)
            case 1:
                var request = member.syncRequest(
                    Dictionary(ids.map { ($0, ClassicClient.assignment("t", [0, 1])) }) { $1 })
                request.generationId = any(generations)
                return .syncGroup(request, member.client)
            case 2:
                var request = HeartbeatRequest()
                (request.groupId, request.memberId, request.groupInstanceId) = ("g", member.id, member.instance)
                request.generationId = any(generations)
                return .heartbeat(request, member.client)
            default:
                var identity = LeaveGroupRequest.MemberIdentity()
                (identity.memberId, identity.groupInstanceId) = (member.id, member.instance)
                var request = LeaveGroupRequest()
                (request.groupId, request.members) = ("g", [identity])
                return .leaveGroup(request, member.client)
            }
        }

        private func consumer() -> GroupCommand {
            let member = ConsumerClient(bench, any(ids.filter { !$0.isEmpty }), instance: instance)
            let client = GroupClient(version: 1, clientID: "client", host: "/127.0.0.1")
            var request = member.joinRequest(["t"])
            switch any([0, 0, 1, 2]) {
            case 0: break
            case 1:
                request = member.request { $0.memberEpoch = generations.last ?? 0 }
                request.topicPartitions = any([nil, []])
            default: request = member.request { $0.memberEpoch = any([-1, -2]) }
            }
            return .consumerGroupHeartbeat(request, client)
        }

        private func offsets() -> GroupCommand {
            switch any([0, 0, 1, 2]) {
            case 0:
                var row = OffsetCommitRequest.OffsetCommitRequestPartition()
                (row.partitionIndex, row.committedOffset) = (any([0, 1]), any([3, 4, 5]))
                var topic = OffsetCommitRequest.OffsetCommitRequestTopic()
                (topic.name, topic.partitions) = ("t", [row])
                var request = OffsetCommitRequest()
                (request.groupId, request.memberId, request.topics) = ("g", any(["", any(ids)]), [topic])
                request.generationIdOrMemberEpoch = any([-1, any(generations)])
                return .commitOffsets(request, GroupClient(version: 9, clientID: "client", host: "/127.0.0.1"))
            case 1: return .deleteGroup("g")
            default:
                var topic = OffsetDeleteRequest.OffsetDeleteRequestTopic()
                var row = OffsetDeleteRequest.OffsetDeleteRequestPartition()
                row.partitionIndex = any([0, 1])
                (topic.name, topic.partitions) = ("t", [row])
                var request = OffsetDeleteRequest()
                (request.groupId, request.topics) = ("g", [topic])
                return .deleteOffsets(request)
            }
        }
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func whateverFailsTheStateIsWhatTheLogSays(_ seed: UInt64) throws {
        let chaos = try Chaos(seed: seed)
        for _ in 0..<150 { try chaos.step() }
        try chaos.calm()
        let unanswered = chaos.tokens.filter { chaos.bench.outcome(of: $0) == nil }
        #expect(unanswered.isEmpty)
    }
}
