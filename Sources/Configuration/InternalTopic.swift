/// How a topic is made that the broker keeps for itself.
public struct InternalTopic: Sendable {
    public let partitionCount: Int32
    /// nil where nobody has set it: three, or as many as there are brokers.
    public let replicationFactor: Int16?
    public let settings: [String: String]

    /// The topic of the groups and their offsets.
    init(offsets settings: BrokerSettings) {
        partitionCount = Int32(clamping: settings.number("offsets.topic.num.partitions"))
        replicationFactor = settings.written["offsets.topic.replication.factor"].map {
            Int16(clamping: $0.value.integer)
        }
        self.settings = [
            "cleanup.policy": "compact", "compression.type": "producer",
            "segment.bytes": String(settings.number("offsets.topic.segment.bytes")),
        ]
    }
}
