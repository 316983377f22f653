import Bytes
import Foundation
import Testing

@testable import GroupCoordinator

/// Prints what a shard is held up by, where MARTLET_BENCH=1; only a release build tells the truth:
/// `MARTLET_BENCH=1 swift test -c release -Xswiftc -enable-testing --filter GroupCoordinatorTests.Benchmarks`.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["MARTLET_BENCH"] == "1"), .serialized)
struct Benchmarks {
    private static let topics = (0..<2000).map { UUID(high: UInt64($0) &* 0x9E37_79B9_7F4A_7C15, low: UInt64($0)) }

    /// A thousand members, and ten partitions of each topic.
    private static func input(_ reads: (_ member: Int, _ topic: Int) -> Bool) -> AssignmentInput {
        let all = Set(topics)
        let members = (0..<1000).map { place in
            let isAll = topics.indices.allSatisfy { reads(place, $0) }
            return AssignmentInput.Member(
                id: "member-\(place)", instanceID: nil,
                topics: isAll ? all : Set(topics.indices.filter { reads(place, $0) }.map { topics[$0] }), last: [:])
        }
        return AssignmentInput(members: members, partitionCounts: Dictionary(topics.map { ($0, 10) }) { $1 })
    }

    private static func measure(_ what: String, _ body: () -> Int) {
        var best = Duration.seconds(1_000)
        for _ in 0..<10 { best = min(best, ContinuousClock().measure { #expect(body() > 0) }) }
        print(String(format: "BENCH %@: %.1f ms", what, best / .milliseconds(1)))
    }

    @Test func uniform() {
        let kinds: [(name: String, reads: (Int, Int) -> Bool)] = [
            ("the same topics", { _, _ in true }), ("two kinds", { $0 % 2 == 0 || $1 < 1000 }),
            ("one in fifty", { ($0 + $1) % 50 == 0 }),
        ]
        for kind in kinds {
            var input = Benchmarks.input(kind.reads)
            let targets = UniformAssignor.assign(input)
            Benchmarks.measure("uniform, \(kind.name), anew") { UniformAssignor.assign(input).count }
            for place in input.members.indices { input.members[place].last = targets[input.members[place].id] ?? [:] }
            input.members.removeLast(3)
            Benchmarks.measure("uniform, \(kind.name), three less") { UniformAssignor.assign(input).count }
        }
    }
}
