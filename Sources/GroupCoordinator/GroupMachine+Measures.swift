public import Bytes
import Collections
import Coordination

/// How many groups a machine holds, and of what kind.
public struct GroupCounts: Sendable, Equatable {
    /// By Kafka's names of their states; those in which there is none are left out.
    public var classic: [String: Int] = [:]
    public var consumer: [String: Int] = [:]
    /// Partitions that groups have an offset of.
    public var offsets = 0

    public init() {}
}

/// What is measured of one group.
public struct MeasuredGroup: Sendable {
    public struct Offset: Sendable {
        public var topic: Name
        public var partition: Int32
        public var offset: Int64
    }

    public var name: Name
    public var members: Int
    public var offsets: [Offset]
}

extension GroupMachine {
    public var groupCount: Int { groups.current.count }

    public var groupNames: some Sequence<Name> { groups.current.keys }

    public func has(_ group: Name) -> Bool { groups[group] != nil }

    public var counts: GroupCounts {
        var counts = groups.stateCounts
        counts.offsets = offsets.count
        return counts
    }

    /// How many partitions a group has an offset of.
    public func offsetCount(of group: Name) -> Int {
        offsets.groups[group]?.values.reduce(0) { $0 + $1.count } ?? 0
    }

    /// Nil where there is no such group.
    public func measure(_ name: Name) -> MeasuredGroup? {
        guard let group = groups[name] else { return nil }
        var measured = MeasuredGroup(name: name, members: group.memberCount, offsets: [])
        for (topic, partitions) in offsets.groups[name] ?? [:] {
            for (partition, committed) in partitions {
                measured.offsets.append(.init(topic: topic, partition: partition, offset: committed.offset))
            }
        }
        return measured
    }
}

extension Group {
    var memberCount: Int {
        switch self {
        case .classic(let group): group.members.count
        case .consumer(let group): group.members.count
        }
    }
}
