import Bytes
import GroupCoordinator

/// How far a group has come in a partition, and what is left for it.
struct GroupLag: Sendable {
    let group: Name
    let topic: Name
    let partition: Int32
    let offset: Int64
    /// Records that it has not read; nil where the partition is not here, as that of a topic that is gone.
    let lag: Int64?
    /// Where the oldest of these stands; nil where there is none.
    let unread: Unread?

    /// A place in a log. That of another topic of the same name is another.
    struct Place: Hashable, Sendable {
        let topic: UUID
        let partition: Int32
        let offset: Int64
    }

    struct Unread: Sendable {
        let place: Place
        /// Up to where consumers read the log.
        let end: Int64
        /// That has the log.
        let shard: Int
    }
}

extension GroupLag {
    /// Those of all groups that have series, in the order of groups, topics and partitions.
    static func all(_ shards: [ShardReport]) -> [GroupLag] {
        let groups = shards.flatMap(\.groups.groups).sorted { $0.name < $1.name }
        guard !groups.isEmpty else { return [] }
        var logs: [TopicPartition: (shard: Int, bounds: LogBounds)] = [:]
        for (index, shard) in shards.enumerated() {
            for partition in shard.partitions {
                logs[TopicPartition(topic: partition.topic, partition: partition.partition)] = (index, partition.bounds)
            }
            for (partition, bounds) in shard.otherLogs { logs[partition] = (index, bounds) }
        }
        return groups.flatMap { group in
            group.offsets.sorted { ($0.topic, $0.partition) < ($1.topic, $1.partition) }.map { committed in
                let log = logs[TopicPartition(topic: committed.topic.text, partition: committed.partition)]
                return GroupLag(group.name, committed, log)
            }
        }
    }

    private init(_ group: Name, _ committed: MeasuredGroup.Offset, _ log: (shard: Int, bounds: LogBounds)?) {
        self.group = group
        topic = committed.topic
        partition = committed.partition
        offset = committed.offset
        guard let (shard, bounds) = log else {
            (lag, unread) = (nil, nil)
            return
        }
        // A commit may come between the looks at the two, and may say anything.
        let lag = max(0, bounds.end - max(0, committed.offset))
        self.lag = lag
        // What the log has lost nobody will read.
        let place = Place(
            topic: bounds.topic, partition: committed.partition, offset: max(committed.offset, bounds.start))
        unread = lag > 0 && place.offset < bounds.end ? Unread(place: place, end: bounds.end, shard: shard) : nil
    }
}
