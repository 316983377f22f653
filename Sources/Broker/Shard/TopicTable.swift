import Bytes

/// The topics of one shard, by name and by id.
struct TopicTable {
    private var byName: [Name: TopicEntry] = [:]
    private var byID: [UUID: TopicEntry] = [:]
    /// Partitions of all topics, wherever they are served.
    private(set) var partitionCount = 0

    subscript(name: String) -> TopicEntry? { byName[Name(name)] }
    subscript(id: UUID) -> TopicEntry? { byID[id] }
    var count: Int { byID.count }
    var entries: some Sequence<TopicEntry> { byID.values }

    mutating func insert(_ entry: TopicEntry) {
        byName[Name(entry.name)] = entry
        byID[entry.id] = entry
        partitionCount += entry.partitions.count
    }

    /// Adds the topic's next partition.
    mutating func append(_ route: PartitionRoute, to entry: TopicEntry) {
        entry.partitions.append(route)
        partitionCount += 1
    }

    mutating func remove(_ id: UUID) -> TopicEntry? {
        guard let entry = byID.removeValue(forKey: id) else { return nil }
        if self[entry.name] === entry { byName.removeValue(forKey: Name(entry.name)) }
        partitionCount -= entry.partitions.count
        entry.isDeleted = true
        return entry
    }
}

/// The topics that one connection named last: a producer names the same few in every request, and comparing bytes is
/// cheaper than making and hashing a string.
struct RecentTopics {
    private var entries: [TopicEntry] = []
    private var next = 0
    private static let capacity = 8

    mutating func entry(named bytes: UnsafeRawBufferPointer, in table: TopicTable) -> TopicEntry? {
        for entry in entries where !entry.isDeleted && RecentTopics.same(entry.nameBytes, bytes) { return entry }
        guard let name = String(validating: bytes, as: UTF8.self), let entry = table[name] else { return nil }
        remember(entry)
        return entry
    }

    mutating func entry(_ id: UUID, in table: TopicTable) -> TopicEntry? {
        for entry in entries where entry.id == id && !entry.isDeleted { return entry }
        guard let entry = table[id] else { return nil }
        remember(entry)
        return entry
    }

    private mutating func remember(_ entry: TopicEntry) {
        if entries.count < RecentTopics.capacity {
            entries.append(entry)
        } else {
            entries[next] = entry
            next = (next + 1) % RecentTopics.capacity
        }
    }

    private static func same(_ name: [UInt8], _ bytes: UnsafeRawBufferPointer) -> Bool {
        name.count == bytes.count && name.withUnsafeBytes { $0.elementsEqual(bytes) }
    }
}
