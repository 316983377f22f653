import Bytes
import Collections

/// A topic and its partitions.
public struct TopicImage: Sendable, Equatable {
    public let name: String
    public let id: UUID
    /// By partition number, without holes.
    public internal(set) var partitions: [PartitionState]
}

/// All topics, found by name and by id.
public struct TopicsImage: Sendable, Equatable {
    private var byId: PersistentMap<UUID, TopicImage> = [:]
    private var ids: PersistentMap<Name, UUID> = [:]
    /// Names that have a dot or an underscore, by what they are when each dot is an underscore.
    private var lookalikes: PersistentMap<String, [String]> = [:]
    /// Partitions of all topics.
    public private(set) var partitionCount = 0

    init() {}

    public var count: Int { byId.count }

    public subscript(id: UUID) -> TopicImage? { byId[id] }

    public subscript(name: String) -> TopicImage? { id(of: name).flatMap { byId[$0] } }

    public func id(of name: String) -> UUID? { ids[Name(name)] }

    /// Every topic, in no particular order.
    public var all: some Sequence<TopicImage> { byId.lazy.map(\.value) }

    /// A topic whose name differs from this one only in dots and underscores: in metrics and the like the two would be
    /// one.
    public func lookalike(of name: String) -> String? {
        guard let key = TopicsImage.lookalikeKey(name) else { return nil }
        return lookalikes[key]?.first { $0 != name }
    }

    /// What names that look alike have in common; nil for names without dot and underscore.
    public static func lookalikeKey(_ name: String) -> String? {
        let marks = [UInt8(ascii: "."), UInt8(ascii: "_")]
        guard name.utf8.contains(where: marks.contains) else { return nil }
        let bytes = name.utf8.map { $0 == UInt8(ascii: ".") ? UInt8(ascii: "_") : $0 }
        return String(decoding: bytes, as: UTF8.self)
    }

    mutating func insert(_ topic: TopicImage) {
        byId[topic.id] = topic
        ids[Name(topic.name)] = topic.id
        partitionCount += topic.partitions.count
        guard let key = TopicsImage.lookalikeKey(topic.name) else { return }
        lookalikes[key] = (lookalikes[key] ?? []) + [topic.name]
    }

    mutating func remove(_ topic: TopicImage) {
        byId[topic.id] = nil
        ids[Name(topic.name)] = nil
        partitionCount -= topic.partitions.count
        guard let key = TopicsImage.lookalikeKey(topic.name) else { return }
        let others = (lookalikes[key] ?? []).filter { $0 != topic.name }
        lookalikes[key] = others.isEmpty ? nil : others
    }

    /// Puts a topic's changed partitions in the place of the old ones.
    mutating func replace(_ topic: TopicImage) {
        partitionCount += topic.partitions.count - (byId[topic.id]?.partitions.count ?? 0)
        byId[topic.id] = topic
    }
}
