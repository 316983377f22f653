import Bytes
import Records

/// A record that was fetched. Key, value and headers are borrowed: they are valid during the call that hands it over.
public struct ConsumedRecord {
    public let offset: Int64
    /// Milliseconds since 1970; -1 when it has none.
    public let timestamp: Int64
    public let timestampType: TimestampType
    /// The epoch of the leader that appended it.
    public let leaderEpoch: Int32
    public let key: UnsafeRawBufferPointer?
    /// Nil is a tombstone.
    public let value: UnsafeRawBufferPointer?
    public let headers: RecordHeaders
}

/// Takes what a consumer fetched.
public protocol ConsumerDelegate: AnyObject {
    /// Called for each record, in order. It may pause, unassign and close.
    func consumer(_ consumer: Consumer, received record: ConsumedRecord, from partition: TopicPartition)

    /// The position is known, or has moved past records, or past what is not shown to consumers; `end` is where readers of
    /// this isolation level have to wait.
    func consumer(_ consumer: Consumer, reached position: Int64, end: Int64, of partition: TopicPartition)

    /// Reading of the partition has ended, until it is assigned again.
    func consumer(_ consumer: Consumer, failed partition: TopicPartition, with error: ClientError)
}
