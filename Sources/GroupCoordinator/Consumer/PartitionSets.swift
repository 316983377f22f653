import Bytes

/// Partitions by the ids of their topics; no topic is in it without a partition.
typealias PartitionSet = [UUID: Set<Int32>]

/// Partitions, each with the epoch of the target in which it was given to its member.
typealias DatedPartitions = [UUID: [Int32: Int32]]

/// One partition of a topic that is known by its id.
struct TopicIDPartition: Hashable, Sendable {
    var topic: UUID
    var partition: Int32
}

extension [UUID: Set<Int32>] {
    var partitionCount: Int { values.reduce(0) { $0 + $1.count } }

    func contains(_ topic: UUID, _ partition: Int32) -> Bool { self[topic]?.contains(partition) ?? false }

    mutating func insert(_ topic: UUID, _ partition: Int32) { self[topic, default: []].insert(partition) }

    /// In the order of topics and partitions.
    var ordered: [(topic: UUID, partitions: [Int32])] {
        sorted { $0.key < $1.key }.map { ($0.key, $0.value.sorted()) }
    }

    func subtracting(_ other: PartitionSet) -> PartitionSet {
        var result = self
        for (topic, partitions) in other { result[topic]?.subtract(partitions) }
        return result.filter { !$0.value.isEmpty }
    }
}

extension [UUID: [Int32: Int32]] {
    var partitionCount: Int { values.reduce(0) { $0 + $1.count } }

    func contains(_ topic: UUID, _ partition: Int32) -> Bool { self[topic]?[partition] != nil }

    var withoutEpochs: PartitionSet { mapValues { Set($0.keys) } }

    var each: [TopicIDPartition] {
        flatMap { topic, partitions in partitions.keys.map { TopicIDPartition(topic: topic, partition: $0) } }
    }

    /// Splits off what is not in a set.
    func split(by kept: PartitionSet) -> (kept: DatedPartitions, rest: DatedPartitions) {
        var result: (kept: DatedPartitions, rest: DatedPartitions) = ([:], [:])
        for (topic, partitions) in self {
            let wanted = kept[topic] ?? []
            let inside = partitions.filter { wanted.contains($0.key) }
            if inside.count < partitions.count {
                result.rest[topic] = partitions.filter { !wanted.contains($0.key) }
            }
            if !inside.isEmpty { result.kept[topic] = inside }
        }
        return result
    }
}
