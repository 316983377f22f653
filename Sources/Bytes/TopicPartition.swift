/// A partition by the name of its topic, which is compared by its bytes (see `Name`); its text is also the name of its
/// directory.
public struct TopicPartition: Sendable, CustomStringConvertible {
    public let topic: String
    public let partition: Int32

    public init(topic: String, partition: Int32) {
        self.topic = topic
        self.partition = partition
    }

    public var description: String { "\(topic)-\(partition)" }
}

extension TopicPartition: Hashable, Comparable {
    public static func == (left: TopicPartition, right: TopicPartition) -> Bool {
        left.partition == right.partition && Name(left.topic) == Name(right.topic)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(Name(topic))
        hasher.combine(partition)
    }

    public static func < (left: TopicPartition, right: TopicPartition) -> Bool {
        (Name(left.topic), left.partition) < (Name(right.topic), right.partition)
    }
}
