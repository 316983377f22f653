import Records
import Runtime

/// How records are gathered and delivered. Defaults are those of Kafka's own producer.
public struct ProducerConfiguration: Sendable {
    /// When a record counts as written.
    public enum Acknowledgement: Int16, Sendable {
        /// When it was sent: nobody says whether it arrived, nor where.
        case none = 0
        /// When the partition's leader has it.
        case leader = 1
        /// When all in-sync replicas have it.
        case all = -1
    }

    public var acks = Acknowledgement.all
    /// Whether brokers recognise batches that are sent again, so that each record is written once and in order. Needs
    /// `acks` to be `all`.
    public var isIdempotent = true
    public var compression = Compression.none
    /// Nil is the codec's default.
    public var compressionLevel: Int?
    /// Bytes at which a batch is complete, before compression.
    public var batchSize = 16_384
    /// How long a batch waits for more records.
    public var linger = Interval.milliseconds(5)
    /// Bytes of records that may wait for delivery before `Producer.isFull`.
    public var bufferMemory = 32 << 20
    /// Bytes of one request, and so of one record.
    public var maximumRequestSize = 1 << 20
    /// Requests to one broker that may be unanswered at a time; of one partition only one without idempotence, so that a
    /// retry cannot overtake.
    public var maximumInFlight = 5
    /// From accepting a record to giving up on it.
    public var deliveryTimeout = Interval.seconds(120)
    /// How long a record waits for its topic's metadata: `max.block.ms`.
    public var metadataTimeout = Interval.seconds(60)

    public init() {}
}
