import Bytes
import Records

/// A record to be written.
public struct ProducerRecord: Sendable {
    public var topic: String
    /// Nil leaves the choice to the key, or without one to the producer.
    public var partition: Int32?
    /// Milliseconds since 1970; nil is now.
    public var timestamp: Int64?
    public var key: [UInt8]?
    /// Nil is a tombstone.
    public var value: [UInt8]?
    public var headers: [RecordHeader]

    public init(
        topic: String, partition: Int32? = nil, timestamp: Int64? = nil, key: [UInt8]? = nil, value: [UInt8]?,
        headers: [RecordHeader] = []
    ) {
        self.topic = topic
        self.partition = partition
        self.timestamp = timestamp
        self.key = key
        self.value = value
        self.headers = headers
    }

    /// Bytes that it takes in a batch, at most.
    var sizeEstimate: Int {
        var size = 32 + (key?.count ?? 0) + (value?.count ?? 0)
        for header in headers { size += 10 + header.key.count + (header.value?.count ?? 0) }
        return size
    }
}

/// Where a record was written.
public struct RecordMetadata: Sendable, Equatable {
    public let partition: TopicPartition
    /// -1 when nobody said: without acknowledgement, and where a broker only knows that it has the record already.
    public let offset: Int64
    /// Milliseconds since 1970: the broker's time where the topic says so, else the record's.
    public let timestamp: Int64
}

/// Told once of each record: where it is, or why it is not.
public typealias DeliveryHandler = (Result<RecordMetadata, ClientError>) -> Void
