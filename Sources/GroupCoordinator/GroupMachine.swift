public import Bytes
public import Coordination
import KafkaProtocolMore
public import Metadata

/// The groups of one partition of `__consumer_offsets`, and their offsets.
public struct GroupMachine: CoordinatorMachine {
    public typealias Command = GroupCommand
    public typealias Reply = GroupReply
    public typealias Record = GroupRecord
    public typealias Timer = GroupTimer
    public typealias Note = GroupNote

    var groups = GroupTable()
    var offsets = OffsetsTable()
    /// Classic groups that were taken back, until those who wait in them are told.
    private var displaced: [ClassicGroup] = []
    /// Groups that are what they were before something was taken back, until their deadlines are looked after.
    private var restored: Set<Name> = []
    var histories = GroupHistories()
    var image: ClusterImage
    var rules: GroupRules
    let patterns: any TopicPatternCompiler
    private let observer: ((GroupNews) -> Void)?

    // What consumer groups know besides what is stored.

    /// What the hash of a topic is, as long as the image is the same.
    var topicHashes: [Name: Int64] = [:]
    /// Of each group, when its topics were last compared with the image.
    var refreshes: [Name: MetadataRefresh] = [:]
    /// The place in the journal at which topics last came or went.
    var topicsVersion: Int64
    /// Deadlines of members that speak the classic protocol, and have to join or to sync by then.
    var awaited: Set<GroupTimer> = []

    /// - Parameter observer: hears of what happens to groups, as soon as it is decided and before it is stored.
    public init(
        image: ClusterImage, rules: GroupRules, patterns: any TopicPatternCompiler,
        observer: ((GroupNews) -> Void)? = nil
    ) {
        self.observer = observer
        self.image = image
        self.rules = rules
        self.patterns = patterns
        topicsVersion = image.position.offset
    }

    // MARK: Deciding

    public mutating func handle(_ command: GroupCommand, from token: ReplyToken, _ effects: inout Effects<GroupMachine>)
    {
        switch command {
        case .joinGroup(let request, let client): join(request, client, token, &effects)
        case .syncGroup(let request, let client): sync(request, client, token, &effects)
        case .heartbeat(let request, let client): heartbeat(request, client, token, &effects)
        case .leaveGroup(let request, let client): leave(request, client, token, &effects)
        case .consumerGroupHeartbeat(let request, let client): consumerHeartbeat(request, client, token, &effects)
        case .commitOffsets(let request, let client): commit(request, client, token, &effects)
        case .fetchOffsets(let request, let client): fetch(request, client, token, &effects)
        case .deleteOffsets(let request): deleteOffsets(request, token, &effects)
        case .describeGroup(let group, let client): effects.reply(token, .describeGroup(describe(Name(group), client)))
        case .describeConsumerGroup(let group):
            effects.reply(token, .describeConsumerGroup(describeConsumer(Name(group))))
        case .listGroups(let request): effects.reply(token, .listGroups(list(request)))
        case .deleteGroup(let group): delete(Name(group), token, &effects)
        case .explainGroup(let group): effects.reply(token, .explainGroup(explain(Name(group), effects)))
        case .metadataChanged(let image, let removedTopics):
            metadataChanged(to: image, removedTopics)
            forgetOffsets(of: removedTopics, &effects)
        case .rulesChanged(let rules): self.rules = rules
        }
    }

    public mutating func expired(_ timer: GroupTimer, _ effects: inout Effects<GroupMachine>) {
        switch timer {
        case .classicJoin(let group): joinPhaseEnded(group, &effects)
        case .classicSync(let group): syncPhaseEnded(group, &effects)
        case .classicMember(let group, let member): classicMemberExpired(group, member, &effects)
        case .consumerSession(let group, let member): consumerSessionEnded(group, member, &effects)
        case .consumerRebalance(let group, let member): consumerRebalanceEnded(group, member, &effects)
        case .consumerAssignment(let group): assignmentDue(group, &effects)
        case .offsetExpiry: expireOffsets(&effects)
        }
    }

    public mutating func ended(
        _ note: GroupNote, failure: CoordinatorFailure?, _ effects: inout Effects<GroupMachine>
    ) {
        switch note {
        case .classicGroup(let group, let written): classicWriteEnded(group, written, failure, &effects)
        }
    }

    public mutating func loaded(_ effects: inout Effects<GroupMachine>) {
        histories.since = effects.now.wall
        effects.schedule(.offsetExpiry, after: rules.offsetExpiryInterval)
        // What an empty group was when it changed its protocol has ended, and what it became was not stored.
        for name in offsets.groups.keys where groups[name] == nil { groups.found(name, in: .loaded) }
        for (name, group) in groups.current {
            switch group {
            case .classic(let group): classicLoaded(name, group, &effects)
            case .consumer(let group): consumerLoaded(name, group, &effects)
            }
        }
    }

    // MARK: History

    /// Remembers what happened to a group, and tells who wants to hear of it.
    mutating func note(_ event: GroupEvent, of name: Name) {
        histories.note(event, of: name)
        tell(event, of: name)
    }

    func tell(_ event: GroupEvent, of name: Name) {
        guard let observer else { return }
        let cause = event.kind == .rebalanceEnded ? histories.lastReason(for: .rebalanceStarted, of: name) : nil
        observer(GroupNews(group: name, event: event, members: groups[name]?.memberCount ?? 0, cause: cause))
    }

    // MARK: Hard state

    /// Writes a record and lets it count.
    mutating func write(_ record: GroupRecord, _ effects: inout Effects<GroupMachine>) {
        effects.write(record)
        apply(record, in: effects.version)
    }

    public mutating func apply(_ record: GroupRecord, in version: StateVersion) {
        switch record {
        case .offset(let key, let value):
            let group = Name(key.group)
            // A group may be nothing but a place for offsets.
            if value != nil, groups[group] == nil { groups.found(group, in: version) }
            offsets.apply(key, value, in: version)
        case .classicGroup(let group, let value): applyClassic(group, value, in: version)
        case .consumerGroup, .consumerPartitions, .consumerMember, .consumerTarget, .consumerTargetMember,
            .consumerCurrent, .consumerPattern:
            applyConsumer(record, in: version)
        }
    }

    public mutating func commit(upTo version: StateVersion) {
        groups.commit(upTo: version)
        offsets.commit(upTo: version)
    }

    public mutating func revert(to version: StateVersion) {
        let (restored, displaced) = groups.revert(to: version)
        self.restored.formUnion(restored)
        self.displaced += displaced
        offsets.revert(to: version)
    }

    /// Nobody else would answer those who joined a group that has gone, and deadlines of one that is back may have passed
    /// while it was another, or were given up by what has not happened.
    public mutating func reverted(because failure: CoordinatorFailure, _ effects: inout Effects<GroupMachine>) {
        for group in displaced { group.release(failure.errorCode, &effects) }
        displaced.removeAll()
        for name in restored.sorted() { startDeadlines(of: name, &effects) }
        restored.removeAll()
    }

    /// Sets the deadlines that a group needs and does not have.
    mutating func startDeadlines(of name: Name, _ effects: inout Effects<GroupMachine>) {
        switch groups[name] {
        case nil: break
        case .classic(let group)?: startDeadlines(of: name, group, &effects)
        case .consumer(let group)?: startDeadlines(of: name, group, &effects)
        }
    }
}

/// A group, by the protocol that it speaks now.
enum Group {
    case classic(ClassicGroup)
    case consumer(ConsumerGroup)
}

public enum GroupTimer: Hashable, Sendable {
    /// A rebalance of a classic group waits for its members to join.
    case classicJoin(Name)
    /// It waits for them to ask for their assignment.
    case classicSync(Name)
    /// A classic member, or an id that was handed out to become one, was not heard of.
    case classicMember(Name, member: Name)
    case consumerSession(Name, member: Name)
    /// A member has to give up partitions by then; one that speaks the classic protocol has to join, or to sync.
    case consumerRebalance(Name, member: Name)
    /// A target was put off, since the last one was a moment ago.
    case consumerAssignment(Name)
    case offsetExpiry
}

public enum GroupNote {
    case classicGroup(Name, ClassicWrite)
}

/// A regular expression in RE2's syntax, which KIP-848 has the broker evaluate.
public protocol TopicPattern: Sendable {
    /// Whether it matches the whole name.
    func matches(_ topic: String) -> Bool
}

public protocol TopicPatternCompiler: Sendable {
    func compile(_ expression: String) throws(TopicPatternError) -> any TopicPattern
}

/// An expression is none, or would need too much memory.
public struct TopicPatternError: Error, Equatable {
    /// As Kafka words it: "missing closing ]".
    public var reason: String

    public init(_ reason: String) { self.reason = reason }
}
