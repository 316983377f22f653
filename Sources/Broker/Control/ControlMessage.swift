import Bytes
import KafkaProtocol
import Metadata

/// What shards, and those who start and stop the broker, tell and ask the control plane.
enum ControlMessage: Sendable {
    /// Who is told of each change of the metadata, the shards; before anything else.
    case meet([MetadataSubscriber])
    /// The same, as who have counted what is measured.
    case measure([ReportSource])
    /// Hand the metadata of the start to the shards; tell when they have opened their partitions.
    case publishStart(done: @Sendable () -> Void)
    /// The broker serves, under these addresses; tells whether that is stored.
    case register([BrokerEndpoint], done: @Sendable (Bool) -> Void)
    /// Write what the next start has to find; tells whether the journal has its end.
    case close(done: @Sendable (Bool) -> Void)
    /// A request to be decided on: asks for a decision, and posts its own answer back.
    case decide(@Sendable (any DecisionMaker) -> Void)
    /// Creates topics that a client named and that do not exist, with the broker's defaults.
    case autoCreate([String], reply: @Sendable ([String: ErrorCode]) -> Void)
    /// A block of producer ids for a shard; nil when the store failed.
    case producerIDs(reply: @Sendable (Range<Int64>?) -> Void)
    /// A shard has applied the metadata update of that number and opened its partitions.
    case applied(update: UInt64)
    /// Where a shard's logs stand, to be kept for the next start.
    case checkpoint([CheckpointEntry])
    /// The same, at once: tells whether it is on the disk.
    case checkpointNow(CheckpointEntry, done: @Sendable (Bool) -> Void)
    /// This partition is gone from its directory, and so is to be what the checkpoints say of it.
    case forget(TopicPartition, directory: Int)
    /// A shard has done its part in removing the topics of an update, to which these partitions belonged; it is told how
    /// that goes on.
    case removed(update: UInt64, [(TopicPartition, directory: Int)], TopicRemovals.Listener)
    /// What is measured, as text for Prometheus.
    case metrics(reply: MetricsGatherer.Reply)
}
