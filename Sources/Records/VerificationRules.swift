/// What a topic asks of the batches that clients send for it.
public struct VerificationRules: Equatable, Sendable {
    /// `max.message.bytes`: the size of a batch as it is sent, header included.
    public var maximumBatchSize = 1_048_588
    /// `message.timestamp.type`.
    public var timestampType = TimestampType.createTime
    /// `message.timestamp.before.max.ms`.
    public var timestampBeforeMaxMs = Int64.max
    /// `message.timestamp.after.max.ms`.
    public var timestampAfterMaxMs: Int64 = 3_600_000
    /// The topic is compacted: every record must have a key.
    public var requiresKeys = false
    /// Whether compressed batches are opened and their records checked like others.
    public var verifiesCompressed = true
    /// The bytes that a compressed batch may unpack to.
    public var maximumDecompressedSize = 64 << 20

    public init() {}

    /// Whether a record may have this timestamp when the broker's clock says `now`; -1 is no timestamp, and one
    /// from which no 64-bit number of milliseconds leads to `now` is never allowed.
    @inlinable
    public func allows(timestamp: Int64, now: Int64) -> Bool {
        if timestamp == -1 { return true }
        let (age, overflow) = now.subtractingReportingOverflow(timestamp)
        return !overflow && age <= timestampBeforeMaxMs && 0 &- age <= timestampAfterMaxMs
    }
}
