import Runtime

/// How records are fetched. Defaults are those of Kafka's own consumer, apart from where to start, which is said with each
/// assignment.
public struct ConsumerConfiguration: Sendable {
    public var isolationLevel = IsolationLevel.readUncommitted
    /// A fetch waits for so many bytes, but no longer than `maximumWait`.
    public var minimumBytes: Int32 = 1
    public var maximumWait = Interval.milliseconds(500)
    /// Bytes of one response; a single batch may be larger.
    public var maximumBytes: Int32 = 50 << 20
    /// Bytes of one partition in a response.
    public var partitionMaximumBytes: Int32 = 1 << 20
    /// Where to go on when the position is no longer (or not yet) in the log; nil makes that an error.
    public var offsetReset: StartPosition?
    /// Whether checksums are compared.
    public var checksRecords = true
    /// A batch that unpacks to more is an error.
    public var maximumDecompressedBytes = 64 << 20

    public init() {}
}
