import Bytes
import Collections
import KafkaProtocol
import KafkaProtocolMore
import Metadata

/// A group of the consumer protocol (KIP-848), in which the broker assigns.
///
/// All of it is hard state: it is what the records say, and a change makes a new value that shares the rest with the old one.
///
/// The *epoch* rises whenever what is to be assigned may have changed; a *target* is computed for an epoch; each member is
/// then brought to its target, at its own pace.
struct ConsumerGroup: Sendable, Equatable {
    /// *assigning*: there is no target yet for the group's epoch; *reconciling*: some member is not where its target is.
    enum State {
        case empty
        case assigning
        case reconciling
        case stable

        var name: String {
            switch self {
            case .empty: "Empty"
            case .assigning: "Assigning"
            case .reconciling: "Reconciling"
            case .stable: "Stable"
            }
        }
    }

    /// What a pattern matched when it was last looked at.
    struct ResolvedPattern: Sendable, Equatable {
        var topics: Set<Name> = []
        /// The place in the metadata's journal that it was evaluated at.
        var version: Int64 = -1
        /// Milliseconds since 1970.
        var time: Int64 = 0
    }

    private(set) var epoch: Int32 = 1
    /// Of the topics that members subscribe to, with their partitions and racks.
    private(set) var metadataHash: Int64 = 0
    private(set) var members: PersistentMap<Name, ConsumerMember> = [:]
    /// Members that are where their target is.
    private var settledCount = 0
    /// Member ids by the instance ids of static members.
    private(set) var instances: PersistentMap<Name, Name> = [:]
    private(set) var targetEpoch: Int32 = 1
    /// When the target was computed, in milliseconds since 1970; 0 before the first.
    private(set) var targetTime: Int64 = 0
    private(set) var targets: PersistentMap<Name, PartitionSet> = [:]
    private(set) var patterns: PersistentMap<Name, ResolvedPattern> = [:]
    /// Who has each partition, or has yet to give it up.
    private(set) var holders: PersistentMap<TopicIDPartition, Name> = [:]
    /// How many members name each topic, and how many use each pattern.
    private var topicReaders: PersistentMap<Name, Int> = [:]
    private var patternUsers: PersistentMap<Name, Int> = [:]
    /// Whether there is a record of a kind that Kafka wrote up to 4.0.
    private(set) var hasPartitionsRecord = false

    init() {}

    /// The group that a classic one becomes: everybody has what the leader assigned.
    ///
    /// - Precondition: each member is in the epoch of the group, and has its target.
    init(epoch: Int32, metadataHash: Int64, members: [ConsumerMember]) {
        self.epoch = epoch
        self.metadataHash = metadataHash
        targetEpoch = epoch
        for member in members {
            set(member, of: member.id)
            targets[member.id] = member.current.assigned.withoutEpochs
        }
    }

    // MARK: Looking

    var state: State {
        if members.isEmpty { return .empty }
        if epoch > targetEpoch { return .assigning }
        return settledCount == members.count ? .stable : .reconciling
    }

    var orderedMembers: [ConsumerMember] { members.values.sorted { $0.id < $1.id } }

    func staticMember(_ instance: Name) -> ConsumerMember? { instances[instance].flatMap { members[$0] } }

    func isFree(_ partition: TopicIDPartition, for member: Name) -> Bool {
        guard let holder = holders[partition] else { return true }
        return holder == member
    }

    /// What a member reads, by name.
    func topics(of member: ConsumerMember) -> Set<Name> {
        guard let pattern = member.metadata.pattern, let resolved = patterns[pattern] else {
            return member.metadata.topics
        }
        return member.metadata.topics.union(resolved.topics)
    }

    func reads(_ member: ConsumerMember, _ topic: Name) -> Bool {
        member.metadata.topics.contains(topic)
            || member.metadata.pattern.flatMap { patterns[$0] }?.topics.contains(topic) ?? false
    }

    /// What any member reads.
    var subscribedTopics: Set<Name> {
        var topics = Set(topicReaders.keys)
        for pattern in usedPatterns { topics.formUnion(patterns[pattern]?.topics ?? []) }
        return topics
    }

    var usedPatterns: Set<Name> { Set(patternUsers.keys) }

    func isSubscribed(to topic: Name) -> Bool {
        topicReaders[topic] != nil
            || patternUsers.contains { pattern, _ in patterns[pattern]?.topics.contains(topic) ?? false }
    }

    /// Whether the member waits for a partition that somebody else has not given up.
    func isWaiting(_ member: ConsumerMember) -> Bool {
        guard member.current.state == .unreleased else { return false }
        return (targets[member.id] ?? [:]).contains { topic, partitions in
            partitions.contains { partition in
                !member.current.assigned.contains(topic, partition)
                    && holders[TopicIDPartition(topic: topic, partition: partition)] != nil
            }
        }
    }

    /// The way of assigning that most members ask for; among equals, and where nobody does, the first of those given.
    func preferredAssignor(of assignors: [Name]) -> Name {
        var votes: [Name: Int] = [:]
        for (_, member) in members {
            if let assignor = member.metadata.assignor { votes[assignor, default: 0] += 1 }
        }
        let most = assignors.map { votes[$0] ?? 0 }.max() ?? 0
        return assignors.first { votes[$0] ?? 0 == most } ?? UniformAssignor.name
    }

    // MARK: Changing

    private mutating func set(_ member: ConsumerMember?, of id: Name) {
        let old = members[id]
        if let old {
            for partition in old.held where holders[partition] == id { holders[partition] = nil }
            if let instance = old.metadata.instanceID, instances[instance] == id { instances[instance] = nil }
        }
        members[id] = member
        settledCount += (isSettled(member) ? 1 : 0) - (isSettled(old) ? 1 : 0)
        if let member {
            for partition in member.held { holders[partition] = id }
            if let instance = member.metadata.instanceID { instances[instance] = id }
        }
        count(old?.metadata, -1, unless: member?.metadata)
        count(member?.metadata, 1, unless: old?.metadata)
    }

    private func isSettled(_ member: ConsumerMember?) -> Bool {
        member?.current.isReconciled(to: targetEpoch) ?? false
    }

    private mutating func count(
        _ metadata: ConsumerMember.Metadata?, _ change: Int, unless other: ConsumerMember.Metadata?
    ) {
        guard let metadata else { return }
        if metadata.topics != other?.topics {
            for topic in metadata.topics { topicReaders.count(topic, change) }
        }
        if let pattern = metadata.pattern, pattern != other?.pattern { patternUsers.count(pattern, change) }
    }

    /// Takes up one of the records that make a group.
    mutating func apply(_ record: GroupRecord) {
        switch record {
        case .consumerGroup(_, let value?):
            epoch = value.epoch
            metadataHash = value.metadataHash
        case .consumerMember(_, let id, let value):
            guard let value else { return set(nil, of: id) }
            var member = members[id] ?? ConsumerMember(id: id)
            member.metadata = .init(value)
            // Those who read the same share the set: it is compared at once then.
            if let other = members.first(where: { _ in true })?.value.metadata.topics, other == member.metadata.topics {
                member.metadata.topics = other
            }
            set(member, of: id)
        case .consumerCurrent(_, let id, let value):
            // A member that is gone takes this with it.
            guard var member = members[id] ?? value.map({ _ in ConsumerMember(id: id) }) else { return }
            member.current = value.map(CurrentAssignment.init) ?? CurrentAssignment()
            set(member, of: id)
        case .consumerTarget(_, let value):
            targetEpoch = value?.assignmentEpoch ?? 1
            targetTime = value?.assignmentTimestamp ?? 0
            settledCount = members.reduce(0) { $0 + (isSettled($1.value) ? 1 : 0) }
        case .consumerTargetMember(_, let id, let value):
            targets[id] = value.map { stored in
                let rows = stored.topicPartitions.filter { !$0.partitions.isEmpty }
                return PartitionSet(rows.map { ($0.topicId, Set($0.partitions)) }) { $0.union($1) }
            }
        case .consumerPattern(_, let pattern, let value):
            patterns[pattern] = value.map {
                ResolvedPattern(topics: Set($0.topics.map { Name($0) }), version: $0.version, time: $0.timestamp)
            }
        case .consumerPartitions: hasPartitionsRecord = true
        case .consumerGroup(_, nil), .offset, .classicGroup: break
        }
    }
}

extension PersistentMap<Name, Int> {
    /// What is counted down to nothing is not there.
    fileprivate mutating func count(_ key: Name, _ change: Int) {
        let count = (self[key] ?? 0) + change
        self[key] = count == 0 ? nil : count
    }
}
