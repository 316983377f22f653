import Bytes
import Coordination
import KafkaProtocolMore

/// How far a group has come in a partition.
struct CommittedOffset: Sendable, Equatable {
    var offset: Int64
    /// -1 where the client gave none.
    var leaderEpoch: Int32
    var metadata: String
    /// Milliseconds since 1970.
    var commitTimestamp: Int64
    /// Milliseconds since 1970; -1 where the broker's retention counts.
    var expireTimestamp: Int64
    var topicID: UUID

    init(_ value: OffsetCommitValue) {
        offset = value.offset
        leaderEpoch = value.leaderEpoch
        metadata = value.metadata
        commitTimestamp = value.commitTimestamp
        expireTimestamp = value.expireTimestamp
        topicID = value.topicId
    }

    /// Whether it was committed for an earlier topic of the same name, as far as both are known.
    func isOfAnother(than topic: UUID) -> Bool { !topicID.isZero && !topic.isZero && topicID != topic }
}

/// The offsets of all groups of a machine. The newest state, with what is needed to take it back.
struct OffsetsTable {
    typealias Partitions = [Int32: CommittedOffset]

    private(set) var groups: [Name: [Name: Partitions]] = [:]
    private var journal = UndoJournal<Change>()
    private(set) var count = 0

    private struct Change {
        let key: OffsetCommitKey
        let previous: CommittedOffset?
    }

    subscript(group: Name, topic: Name, partition: Int32) -> CommittedOffset? { groups[group]?[topic]?[partition] }

    func has(_ group: Name) -> Bool { groups[group] != nil }

    /// In the order of topics and partitions.
    func partitions(of group: Name) -> [(topic: Name, partition: Int32)] {
        (groups[group] ?? [:]).sorted { $0.key < $1.key }.flatMap { topic, partitions in
            partitions.keys.sorted().map { (topic, $0) }
        }
    }

    mutating func apply(_ key: OffsetCommitKey, _ value: OffsetCommitValue?, in version: StateVersion) {
        let previous = set(key, value.map(CommittedOffset.init))
        journal.append(Change(key: key, previous: previous), in: version)
    }

    mutating func commit(upTo version: StateVersion) { journal.commit(upTo: version) }

    mutating func revert(to version: StateVersion) {
        var undone: [Change] = []
        journal.revert(to: version) { undone.append($0) }
        for change in undone { set(change.key, change.previous) }
    }

    @discardableResult
    private mutating func set(_ key: OffsetCommitKey, _ value: CommittedOffset?) -> CommittedOffset? {
        let (group, topic) = (Name(key.group), Name(key.topic))
        let previous: CommittedOffset?
        if let value {
            previous = groups[group, default: [:]][topic, default: [:]].updateValue(value, forKey: key.partition)
        } else {
            previous = groups[group]?[topic]?.removeValue(forKey: key.partition)
            if groups[group]?[topic]?.isEmpty == true { groups[group]?[topic] = nil }
            if groups[group]?.isEmpty == true { groups[group] = nil }
        }
        count += (value == nil ? 0 : 1) - (previous == nil ? 0 : 1)
        return previous
    }
}
