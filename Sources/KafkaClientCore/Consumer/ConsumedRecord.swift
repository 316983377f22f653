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
