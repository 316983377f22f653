import Bytes
import Testing

@testable import GroupCoordinator

/// A generator whose numbers depend on its seed alone.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}

@Suite struct AssignorTests {
    private let a = UUID(high: 1, low: 1)
    private let b = UUID(high: 1, low: 2)
    private let c = UUID(high: 1, low: 3)

    private func member(
        _ id: Name, _ topics: Set<UUID>, _ last: PartitionSet = [:], instance: Name? = nil
    ) -> AssignmentInput.Member {
        AssignmentInput.Member(id: id, instanceID: instance, topics: topics, last: last)
    }

    /// The same members after an assignment.
    private func next(_ input: AssignmentInput, _ targets: [Name: PartitionSet]) -> AssignmentInput {
        var input = input
        for place in input.members.indices { input.members[place].last = targets[input.members[place].id] ?? [:] }
        return input
    }

    /// Every partition that somebody reads is with one reader of its topic.
    private func checkComplete(_ input: AssignmentInput, _ targets: [Name: PartitionSet]) {
        var all: Set<TopicIDPartition> = []
        for member in input.members {
            for (topic, partitions) in targets[member.id] ?? [:] {
                #expect(member.topics.contains(topic))
                #expect(!partitions.isEmpty)
                for partition in partitions {
                    #expect(partition >= 0 && partition < input.partitionCounts[topic] ?? 0)
                    #expect(all.insert(TopicIDPartition(topic: topic, partition: partition)).inserted)
                }
            }
        }
        #expect(all.count == input.partitionCounts.values.reduce(0) { $0 + Int($1) })
    }

    /// No single partition could move so that two members were closer together.
    private func checkBalanced(_ input: AssignmentInput, _ targets: [Name: PartitionSet]) {
        for from in input.members {
            for (topic, _) in targets[from.id] ?? [:] {
                for to in input.members where to.topics.contains(topic) {
                    let difference = (targets[from.id]?.partitionCount ?? 0) - (targets[to.id]?.partitionCount ?? 0)
                    #expect(difference <= 1, "\(from.id) has \(difference) more than \(to.id)")
                }
            }
        }
    }

    private func moved(_ old: [Name: PartitionSet], _ new: [Name: PartitionSet]) -> Int {
        new.reduce(0) { $0 + $1.value.subtracting(old[$1.key] ?? [:]).partitionCount }
    }

    // MARK: Uniform

    @Test func uniformGivesNobodyTwoMoreThanAnother() {
        let input = AssignmentInput(
            members: ["m1", "m2"].map { member($0, [a, b]) }, partitionCounts: [a: 3, b: 2])
        let targets = UniformAssignor.assign(input)
        #expect(targets["m1"] == [a: [0, 1, 2]])
        #expect(targets["m2"] == [b: [0, 1]])
        checkComplete(input, targets)
    }

    @Test func uniformLeavesMembersWithoutPartitionsWhereThereAreTooFew() {
        let input = AssignmentInput(members: ["m1", "m2", "m3"].map { member($0, [a]) }, partitionCounts: [a: 2])
        #expect(UniformAssignor.assign(input) == ["m1": [a: [0]], "m2": [a: [1]], "m3": [:]])
    }

    @Test func uniformTakesFromThoseWhoHaveMost() {
        let input = AssignmentInput(
            members: [
                member("m1", [a, b], [a: [0, 1], b: [0, 1]]), member("m2", [a, b], [a: [2], b: [2]]),
            ], partitionCounts: [a: 3, b: 3])
        #expect(UniformAssignor.assign(input) == ["m1": [a: [0, 1], b: [0]], "m2": [a: [2], b: [1, 2]]])
    }

    @Test func uniformMovesOnlyWhatMustMoveWhenTenSharePartitionsOfOne() {
        var input = AssignmentInput(members: [member("m0", [a])], partitionCounts: [a: 100])
        var targets = UniformAssignor.assign(input)
        for count in 2...10 {
            input = AssignmentInput(
                members: (0..<count).map { member("m\($0)", [a], targets["m\($0)"] ?? [:]) },
                partitionCounts: [a: 100])
            let next = UniformAssignor.assign(input)
            // Nobody but the new member gets any, and it gets its share.
            #expect(moved(targets, next) == 100 / count)
            #expect(next["m\(count - 1)"]?.partitionCount == 100 / count)
            checkBalanced(input, next)
            targets = next
        }
        for count in stride(from: 9, through: 3, by: -1) {
            let gone = targets["m\(count)"]?.partitionCount ?? 0
            targets["m\(count)"] = nil
            input = AssignmentInput(
                members: (0..<count).map { member("m\($0)", [a], targets["m\($0)"] ?? [:]) },
                partitionCounts: [a: 100])
            let next = UniformAssignor.assign(input)
            #expect(moved(targets, next) == gone)
            checkBalanced(input, next)
            targets = next
        }
    }

    @Test func uniformLeavesWhatIsOverToThoseWhoHaveIt() {
        let input = AssignmentInput(
            members: [member("m1", [a], [a: [0]]), member("m2", [a], [a: [1, 2]])], partitionCounts: [a: 3])
        #expect(UniformAssignor.assign(input) == ["m1": [a: [0]], "m2": [a: [1, 2]]])
    }

    @Test func uniformForgetsWhatIsNotThereAnyMore() {
        let input = AssignmentInput(
            members: [member("m1", [a], [a: [0, 7], c: [0]]), member("m2", [a], [a: [0, 1]])],
            partitionCounts: [a: 4])
        let targets = UniformAssignor.assign(input)
        #expect(targets["m1"]?[a]?.contains(0) == true)
        #expect(targets["m2"]?[a]?.contains(1) == true)
        checkComplete(input, targets)
    }

    @Test func uniformGivesToTheOnlyReaderFirst() {
        let input = AssignmentInput(
            members: [member("m1", [a, b]), member("m2", [a])], partitionCounts: [a: 4, b: 2])
        let targets = UniformAssignor.assign(input)
        #expect(targets["m1"]?[b] == [0, 1])
        #expect(targets["m1"]?.partitionCount == 3)
        #expect(targets["m2"]?.partitionCount == 3)
    }

    @Test(arguments: 1...60)
    func uniformIsCompleteBalancedAndStable(seed: Int) {
        var generator = SeededGenerator(UInt64(seed))
        let topics = (0..<Int.random(in: 1...8, using: &generator)).map { UUID(high: 2, low: UInt64($0)) }
        let isHomogeneous = seed % 3 == 0
        var members: [AssignmentInput.Member] = []
        for place in 0..<Int.random(in: 1...12, using: &generator) {
            let own = isHomogeneous ? topics : topics.filter { _ in Bool.random(using: &generator) }
            members.append(member("m\(place)", Set(own)))
        }
        for _ in 0..<5 {
            let read = topics.filter { topic in members.contains { $0.topics.contains(topic) } }
            let counts = Dictionary(
                uniqueKeysWithValues: read.map { ($0, Int32.random(in: 1...20, using: &generator)) })
            let input = AssignmentInput(members: members, partitionCounts: counts)
            let targets = UniformAssignor.assign(input)
            checkComplete(input, targets)
            checkBalanced(input, targets)
            // With nothing changed nothing moves.
            #expect(UniformAssignor.assign(next(input, targets)) == targets)
            members = next(input, targets).members
            if members.count > 2, Bool.random(using: &generator) {
                members.remove(at: Int.random(in: 0..<members.count, using: &generator))
            }
        }
    }

    /// Who has what stays what it was when a faster way to it is found: the number was computed by the first, plain one.
    @Test func uniformGivesWhatItAlwaysGave() {
        var hash = StableHash()
        for seed in UInt64(1)...200 {
            var generator = SeededGenerator(seed)
            func below(_ limit: UInt64) -> Int { Int((generator.next() >> 8) % limit) }
            let topics = (0...below(20)).map { UUID(high: 2, low: UInt64($0)) }
            let isHomogeneous = below(2) == 0
            var members = (0...below(30)).map { place in
                member("m\(place)", Set(isHomogeneous ? topics : topics.filter { _ in below(3) > 0 }))
            }
            for _ in 0..<4 {
                let read = topics.filter { topic in members.contains { $0.topics.contains(topic) } }
                let input = AssignmentInput(
                    members: members,
                    partitionCounts: Dictionary(uniqueKeysWithValues: read.map { ($0, Int32(1 + below(30))) }))
                let targets = UniformAssignor.assign(input)
                for (id, target) in targets.sorted(by: { $0.key < $1.key }) {
                    hash.combine(id.text)
                    for (topic, partitions) in target.ordered {
                        hash.combine(topic.low)
                        for partition in partitions { hash.combine(UInt64(partition)) }
                    }
                }
                for place in members.indices { members[place].last = targets[members[place].id] ?? [:] }
                if members.count > 2 { members.remove(at: below(UInt64(members.count))) }
                if below(3) == 0, !isHomogeneous { members[0].topics = Set(topics) }
            }
        }
        #expect(hash.value == 2_179_170_583_593_845_153)
    }

    // MARK: Range

    @Test func rangeGivesRunsAndTheSameOfEachTopic() {
        let input = AssignmentInput(
            members: ["m1", "m2"].map { member($0, [a, b]) }, partitionCounts: [a: 3, b: 3])
        #expect(RangeAssignor.assign(input) == ["m1": [a: [0, 1], b: [0, 1]], "m2": [a: [2], b: [2]]])
    }

    @Test func rangeCountsTheReadersOfEachTopic() {
        let input = AssignmentInput(
            members: [member("m1", [a, b]), member("m2", [c]), member("m3", [b, c])],
            partitionCounts: [a: 3, b: 3, c: 2])
        #expect(
            RangeAssignor.assign(input) == [
                "m1": [a: [0, 1, 2], b: [0, 1]], "m2": [c: [0]], "m3": [b: [2], c: [1]],
            ])
    }

    @Test func rangePutsStaticMembersFirstByTheirInstances() {
        let input = AssignmentInput(
            members: [
                member("m1", [a]), member("m2", [a], instance: "z"), member("m3", [a], instance: "k"),
            ], partitionCounts: [a: 3])
        #expect(RangeAssignor.assign(input) == ["m3": [a: [0]], "m2": [a: [1]], "m1": [a: [2]]])
    }

    @Test(arguments: 1...20)
    func rangeIsComplete(seed: Int) {
        var generator = SeededGenerator(UInt64(seed))
        let topics = (0..<6).map { UUID(high: 3, low: UInt64($0)) }
        let members = (0..<Int.random(in: 1...9, using: &generator)).map { place in
            member("m\(place)", Set(topics.filter { _ in Bool.random(using: &generator) }))
        }
        let read = topics.filter { topic in members.contains { $0.topics.contains(topic) } }
        let counts = Dictionary(uniqueKeysWithValues: read.map { ($0, Int32.random(in: 1...20, using: &generator)) })
        let input = AssignmentInput(members: members, partitionCounts: counts)
        checkComplete(input, RangeAssignor.assign(input))
    }
}
