import Bytes
import Collections
import Coordination
import KafkaProtocolMore

/// The records of consumer groups: applying, and writing what ends them.
extension GroupMachine {
    mutating func applyConsumer(_ record: GroupRecord, in version: StateVersion) {
        let name = record.group
        if case .consumerGroup(_, nil) = record {
            if case .consumer = groups[name] { groups.set(name, nil, in: version) }
            return
        }
        var group: ConsumerGroup
        if case .consumer(let found) = groups[name] {
            group = found
        } else {
            // What ends something of a group that has gone, or has changed its protocol since.
            guard !record.isTombstone else { return }
            group = ConsumerGroup()
        }
        group.apply(record)
        groups.set(name, .consumer(group), in: version)
    }

    /// Ends all that is stored of a group.
    mutating func removeConsumer(_ name: Name, _ group: ConsumerGroup, _ effects: inout Effects<GroupMachine>) {
        let members = group.members.keys.sorted()
        for pattern in group.patterns.keys.sorted() {
            write(.consumerPattern(name, pattern: pattern, nil), &effects)
        }
        for member in members { write(.consumerCurrent(name, member: member, nil), &effects) }
        for member in members { write(.consumerTargetMember(name, member: member, nil), &effects) }
        write(.consumerTarget(name, nil), &effects)
        if group.hasPartitionsRecord { write(.consumerPartitions(name), &effects) }
        for member in members { write(.consumerMember(name, member: member, nil), &effects) }
        write(.consumerGroup(name, nil), &effects)
        refreshes[name] = nil
        awaited = awaited.filter { !$0.isOfConsumer(name) }
    }

    /// Ends all that is stored of a member.
    mutating func removeConsumerRecords(_ name: Name, _ member: Name, _ effects: inout Effects<GroupMachine>) {
        write(.consumerCurrent(name, member: member, nil), &effects)
        write(.consumerTargetMember(name, member: member, nil), &effects)
        write(.consumerMember(name, member: member, nil), &effects)
        awaited.remove(.consumerRebalance(name, member: member))
    }
}

extension GroupTimer {
    fileprivate func isOfConsumer(_ name: Name) -> Bool {
        if case .consumerRebalance(name, _) = self { true } else { false }
    }
}

extension GroupRecord {
    /// The group that it belongs to.
    fileprivate var group: Name {
        switch self {
        case .offset(let key, _): Name(key.group)
        case .classicGroup(let group, _), .consumerGroup(let group, _), .consumerPartitions(let group),
            .consumerMember(let group, _, _), .consumerTarget(let group, _), .consumerTargetMember(let group, _, _),
            .consumerCurrent(let group, _, _), .consumerPattern(let group, _, _):
            group
        }
    }

    /// Whether it ends what its key names.
    fileprivate var isTombstone: Bool {
        switch self {
        case .offset(_, let value): value == nil
        case .classicGroup(_, let value): value == nil
        case .consumerGroup(_, let value): value == nil
        case .consumerPartitions: true
        case .consumerMember(_, _, let value): value == nil
        case .consumerTarget(_, let value): value == nil
        case .consumerTargetMember(_, _, let value): value == nil
        case .consumerCurrent(_, _, let value): value == nil
        case .consumerPattern(_, _, let value): value == nil
        }
    }
}

extension PartitionSet {
    var targetValue: ConsumerGroupTargetAssignmentMemberValue {
        var value = ConsumerGroupTargetAssignmentMemberValue()
        value.topicPartitions = ordered.map { topic, partitions in
            var row = ConsumerGroupTargetAssignmentMemberValue.TopicPartition()
            (row.topicId, row.partitions) = (topic, partitions)
            return row
        }
        return value
    }

    init(_ rows: [ConsumerGroupHeartbeatRequest.TopicPartitions]) {
        self.init(rows.map { ($0.topicId, Set($0.partitions)) }) { $0.union($1) }
    }
}
