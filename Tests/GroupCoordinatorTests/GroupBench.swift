import Bytes
import Collections
import KafkaProtocol
import KafkaProtocolMore
import Metadata
import Testing
import Transcripts

@testable import Coordination
@testable import GroupCoordinator

/// A coordinator of groups with a log that never fails unless told to. After each step its log is loaded into a second
/// machine, whose hard state has to be the same.
final class GroupBench {
    private(set) var coordinator: Coordinator<GroupMachine>
    private(set) var image: ClusterImage
    private(set) var log: [GroupRecord] = []
    private(set) var answers: [UInt64: Result<GroupReply, CoordinatorFailure>] = [:]
    var now: Int64 = 1_000_000
    /// Whether writes neither are committed nor fail for now.
    var isHolding = false
    /// The bytes of records from which on a batch takes no further decision.
    var batchSize = Int.max
    private var held: [Write] = []
    private var tokens: UInt64 = 0
    private let ids = Ids()
    private let rules: GroupRules
    private let patterns: any TopicPatternCompiler

    private typealias Write = (version: StateVersion, records: [(key: [UInt8], value: [UInt8]?)])

    init(rules: GroupRules = GroupRules(), patterns: any TopicPatternCompiler = PrefixPatterns()) {
        self.rules = rules
        self.patterns = patterns
        image = .empty
        coordinator = Coordinator(GroupMachine(image: image, rules: rules, patterns: patterns), ids: ids.next)
        coordinator.finishLoading(at: time)
    }

    var machine: GroupMachine { coordinator.machine }

    private var time: CoordinatorTime { CoordinatorTime(clock: now, wall: 1_000_000_000 + now) }

    // MARK: Asking

    /// - Returns: nil while the answer is waited for.
    @discardableResult
    func ask(_ command: GroupCommand) throws -> GroupReply? { try answer(to: send(command)) }

    func send(_ command: GroupCommand) throws -> UInt64 { try sendTogether([command])[0] }

    /// Asks one after the other, in one tick.
    func sendTogether(_ commands: [GroupCommand]) throws -> [UInt64] {
        let asked = handle(commands)
        try settle()
        return asked
    }

    private func handle(_ commands: [GroupCommand]) -> [UInt64] {
        commands.map { command in
            tokens += 1
            coordinator.handle(command, from: ReplyToken(tokens), at: time)
            return tokens
        }
    }

    func answer(to token: UInt64) throws -> GroupReply? { try answers[token]?.get() }

    /// Asks, and has the write of it fail.
    func askInVain(_ command: GroupCommand) throws -> Result<GroupReply, CoordinatorFailure>? {
        try askInVain([command]).first.flatMap { answers[$0] }
    }

    /// Asks one after the other, and has the one write of all of it fail.
    func askInVain(_ commands: [GroupCommand]) throws -> [UInt64] {
        let asked = handle(commands)
        let write = coordinator.takeRecords()
        coordinator.failed(write.version, because: .notStored, at: time)
        try settle()
        return asked
    }

    /// Says how the batches ended that were held: so many of the oldest are committed, the others failed.
    func release(committing count: Int) throws {
        isHolding = false
        let writes = held
        held.removeAll()
        for write in writes.prefix(count) { try commit(write) }
        for write in writes.dropFirst(count) {
            coordinator.failed(write.version, because: .notStored, at: time)
        }
        try settle()
    }

    func outcome(of token: UInt64) -> Result<GroupReply, CoordinatorFailure>? { answers[token] }

    /// Lets time pass, from deadline to deadline.
    func pass(_ milliseconds: Int64) throws {
        let end = now + milliseconds
        while let next = coordinator.nextDeadline, next <= end {
            now = max(now, next)
            coordinator.wake(at: time)
            try settle()
        }
        now = end
    }

    private func commit(_ write: Write) throws {
        for (key, value) in write.records { log.append(try .decode(key: key, value: value)) }
        coordinator.committed(write.version, at: time)
    }

    private func settle() throws {
        while coordinator.hasRecords {
            let write = coordinator.takeRecords(upTo: batchSize)
            isHolding ? held.append(write) : try commit(write)
        }
        if log.count > 200 { try compact() }
        for answer in coordinator.takeAnswers() {
            #expect(answers[answer.token.number] == nil, "an answer is given once")
            answers[answer.token.number] = answer.outcome
        }
        checkCounts()
        if held.isEmpty {
            try checkReload()
            checkDeadlines()
        }
    }

    // MARK: The log

    /// What compaction leaves of the log: the last record of each key, if that does not end it.
    private func compact() throws {
        var seen: Set<[UInt8]> = []
        let kept = try log.reversed().filter { record in
            let (key, value) = try record.encode()
            return seen.insert(key).inserted && value != nil
        }
        log = kept.reversed()
    }

    /// A coordinator that takes over, with nothing but the log.
    func reloaded() -> Coordinator<GroupMachine> {
        let other = Coordinator(GroupMachine(image: image, rules: rules, patterns: patterns), ids: ids.next)
        for record in log { other.load(record) }
        return other
    }

    func failOver() throws {
        coordinator = reloaded()
        coordinator.finishLoading(at: time)
        try settle()
    }

    private func checkReload() throws {
        let machine = machine
        let reloaded = reloaded().machine
        #expect(machine.offsets.groups == reloaded.offsets.groups)
        for name in machine.offsets.groups.keys { #expect(machine.groups[name] != nil, "offsets of no group: \(name)") }
        let other = reloaded.groups.current
        for (name, group) in machine.groups.current {
            switch (group, other[name]) {
            case (.consumer(let here), .consumer(let there)?): #expect(here == there, "group \(name)")
            case (.consumer, _): Issue.record("the log has no consumer group \(name)")
            case (.classic(let here), .classic(let there)?) where here.state == .stable:
                #expect(here.stored == there.stored, "group \(name)")
            case (.classic(let here), nil) where here.state == .stable:
                Issue.record("the log has no classic group \(name)")
            case (.classic, .consumer?): Issue.record("the log still has the consumer group \(name)")
            case (.classic, _): break
            }
        }
        for (name, group) in other where machine.groups[name] == nil {
            if case .consumer = group { Issue.record("the log still has the group \(name)") }
        }
    }

    /// Whatever was taken back: nobody is waited for for ever.
    private func checkDeadlines() {
        func expect(_ timer: GroupTimer) { #expect(coordinator.timers.deadline(of: timer) != nil, "\(timer)") }
        for (name, group) in machine.groups.current {
            switch group {
            case .classic(let group):
                for member in group.members.values where member.isNew || !member.isWaiting {
                    expect(.classicMember(name, member: member.id))
                }
                for id in group.pendingMembers { expect(.classicMember(name, member: id)) }
                if group.state == .preparing { expect(.classicJoin(name)) }
                if group.isAwaitingSync { expect(.classicSync(name)) }
            case .consumer(let group):
                for member in group.members.values {
                    expect(.consumerSession(name, member: member.id))
                    if !member.isClassic, member.current.state == .unrevoked {
                        expect(.consumerRebalance(name, member: member.id))
                    }
                }
            }
        }
    }

    private func checkCounts() {
        var counts = GroupCounts()
        counts.offsets = machine.offsets.groups.values.reduce(0) { $0 + $1.values.reduce(0) { $0 + $1.count } }
        for group in machine.groups.current.values {
            switch group {
            case .classic(let group): counts.classic[group.state.name, default: 0] += 1
            case .consumer(let group): counts.consumer[group.walkedState.name, default: 0] += 1
            }
        }
        #expect(machine.counts == counts)
    }

    // MARK: Metadata

    func change(_ records: [MetadataRecord]) throws {
        var delta = ClusterDelta(base: image)
        try delta.replay(
            MetadataBatch(firstOffset: image.position.offset + 1, controllerEpoch: 1, time: 0, records: records))
        image = delta.image
        try ask(.metadataChanged(image, removedTopics: Set(delta.removedTopics.values.map { Name($0) })))
    }

    @discardableResult
    func create(_ topic: String, partitions: Int32, id: UInt64? = nil) throws -> UUID {
        let id = UUID(high: 7, low: id ?? UInt64(image.topics.count + 1))
        try change([.topic(TopicRecord(name: topic, id: id))] + rows(id, 0..<partitions))
        return id
    }

    func grow(_ topic: UUID, to partitions: Int32) throws {
        let count = Int32(image.topics[topic]?.partitions.count ?? 0)
        try change(rows(topic, count..<partitions))
    }

    func delete(_ topic: UUID) throws { try change([.topicRemoval(TopicRemovalRecord(topicId: topic))]) }

    func register(_ broker: Int32, epoch: Int64, rack: String?) throws {
        try change([
            .brokerRegistration(
                BrokerRegistrationRecord(
                    brokerId: broker, brokerEpoch: epoch, incarnationId: UUID(high: 9, low: 9), endpoints: [],
                    rack: rack, features: [], logDirectories: [], isFenced: false))
        ])
    }

    private func rows(_ topic: UUID, _ partitions: Range<Int32>) -> [MetadataRecord] {
        partitions.map { partition in
            let state = PartitionState(replicas: [1], directories: [.zero], inSyncReplicas: [1], leader: 1)
            return .partition(PartitionRecord(topicId: topic, partition: partition, state: state))
        }
    }

    // MARK: Looking

    func group(_ name: String) -> ConsumerGroup? {
        if case .consumer(let group) = machine.groups[Name(name)] { group } else { nil }
    }

    func classicGroup(_ name: String) -> ClassicGroup? {
        if case .classic(let group) = machine.groups[Name(name)] { group } else { nil }
    }

    func describe(_ name: String) throws -> ConsumerGroupDescribeResponse.DescribedGroup {
        guard case .describeConsumerGroup(let row)? = try ask(.describeConsumerGroup(name)) else {
            throw BenchError.noAnswer
        }
        return row
    }

    func events(_ name: String) throws -> [GroupEvent] { try explain(name)?.events ?? [] }

    func explain(_ name: String) throws -> GroupExplanation? {
        guard case .explainGroup(let explanation)? = try ask(.explainGroup(name)) else { throw BenchError.noAnswer }
        return explanation
    }
}

enum BenchError: Error { case noAnswer }

/// Ids that no two coordinators of a bench hand out.
private final class Ids {
    private var count: UInt64 = 0

    func next() -> UUID {
        count += 1
        return UUID(high: 0xABCD, low: count)
    }
}

/// Stands in for RE2: "x.*" matches names that begin with x; "(" is no expression.
struct PrefixPatterns: TopicPatternCompiler {
    struct Pattern: TopicPattern {
        let prefix: String
        func matches(_ topic: String) -> Bool { topic.hasPrefix(prefix) }
    }

    func compile(_ expression: String) throws(TopicPatternError) -> any TopicPattern {
        guard !expression.contains("(") else { throw TopicPatternError("missing closing )") }
        return Pattern(prefix: expression.hasSuffix(".*") ? String(expression.dropLast(2)) : expression)
    }
}

extension ClassicGroup {
    /// What there is to store of it, but for the moment.
    fileprivate var stored: [UInt8]? {
        var value = record(at: 0)
        value.currentStateTimestamp = 0
        return try? GroupRecord.classicGroup("", value).encode().value
    }
}

extension ConsumerGroup {
    /// Its state, found by looking at every member.
    fileprivate var walkedState: State {
        if members.isEmpty { return .empty }
        if epoch > targetEpoch { return .assigning }
        return members.allSatisfy { $0.value.current.isReconciled(to: targetEpoch) } ? .stable : .reconciling
    }
}
