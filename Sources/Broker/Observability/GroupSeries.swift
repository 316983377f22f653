import Bytes
import Configuration
import GroupCoordinator

/// What one shard has to tell of its groups.
struct GroupsReport: Sendable {
    var counts = GroupCounts()
    /// Those that have series of their own.
    var groups: [MeasuredGroup] = []
    var withoutSeries = 0
}

/// Which groups of a shard have series of their own, so that the number of series is bounded: as many as there is room
/// for. A group keeps its place while it exists.
struct GroupSeries {
    private let maximumGroups: Int
    private let maximumOffsets: Int
    /// In the order in which they got their places.
    private var admitted: [(partition: Int32, name: Name)] = []
    private var names: Set<Name> = []

    /// - Parameter maximumOffsets: partitions of all groups together. A group that has offsets of more than are left has
    ///   none of these series.
    init(maximumGroups: Int, maximumOffsets: Int) {
        self.maximumGroups = maximumGroups
        self.maximumOffsets = maximumOffsets
    }

    /// Groups are spread over the shards, so that each has its share of the room.
    init(_ configuration: BrokerConfiguration.Observability, shardCount: Int) {
        func share(_ all: Int) -> Int { (all + shardCount - 1) / shardCount }
        self.init(
            maximumGroups: share(configuration.maximumGroupSeries),
            maximumOffsets: share(configuration.maximumPartitionSeries))
    }

    /// Whether any group can have series.
    var isEnabled: Bool { maximumGroups > 0 }

    /// - Parameter machines: by partition of the topic that they live in.
    mutating func report(_ machines: [Int32: GroupMachine]) -> GroupsReport {
        admit(machines)
        var report = GroupsReport()
        var total = 0
        for machine in machines.values {
            let counts = machine.counts
            report.counts.add(counts)
            total += counts.groups
        }
        var room = maximumOffsets
        for (partition, name) in admitted {
            guard let machine = machines[partition] else { continue }
            let count = machine.offsetCount(of: name)
            guard count <= room, let group = machine.measure(name) else { continue }
            room -= count
            report.groups.append(group)
        }
        report.withoutSeries = total - report.groups.count
        return report
    }

    private mutating func admit(_ machines: [Int32: GroupMachine]) {
        admitted.removeAll { group in
            guard machines[group.partition]?.has(group.name) != true else { return false }
            names.remove(group.name)
            return true
        }
        for (partition, machine) in machines.sorted(by: { $0.key < $1.key }) {
            for name in machine.groupNames {
                guard admitted.count < maximumGroups else { return }
                if names.insert(name).inserted { admitted.append((partition, name)) }
            }
        }
    }
}

extension GroupCounts {
    var groups: Int { classic.values.reduce(0, +) + consumer.values.reduce(0, +) }

    mutating func add(_ other: GroupCounts) {
        classic.merge(other.classic, uniquingKeysWith: +)
        consumer.merge(other.consumer, uniquingKeysWith: +)
        offsets += other.offsets
    }
}
