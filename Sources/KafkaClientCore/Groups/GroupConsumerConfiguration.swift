import Runtime

/// How a member of a group behaves. Defaults are those of Kafka's own consumer, where it has the same.
public struct GroupConsumerConfiguration: Sendable {
    public var group: String
    public var topics: [String]
    /// A member that is not heard of for so long is thrown out: `session.timeout.ms`.
    public var sessionTimeout = Interval.seconds(45)
    /// For how long a rebalance waits for a member that has to give up its partitions.
    public var rebalanceTimeout = Interval.seconds(60)
    /// `heartbeat.interval.ms`.
    public var heartbeatInterval = Interval.seconds(3)
    /// How far it has come is stored so often.
    public var commitInterval = Interval.seconds(1)
    /// Where to begin in a partition that the group has no offset of, or one that is gone.
    public var start = StartPosition.latest
    public var fetching = ConsumerConfiguration()

    public init(group: String, topics: [String]) {
        self.group = group
        self.topics = topics
    }
}
