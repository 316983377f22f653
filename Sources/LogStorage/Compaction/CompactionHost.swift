import Files

/// What a compaction needs of whoever has the log, asked on the thread that compacts. The log itself is never touched there.
public protocol CompactionHost {
    /// Told of bytes that were read or written; takes its time where there is a limit. False ends the compaction.
    func advanced(by bytes: Int) -> Bool
    /// Has `Log.install` called where the log is, and returns when it was; false if there is no such log any more.
    func install(_ replacement: SegmentReplacement) -> Bool
    /// Has `Log.settle` called.
    func settle(_ replacement: SegmentReplacement)
}

public struct CompactionOptions: Sendable {
    /// `log.cleaner.dedupe.buffer.size`, of one thread: bytes for the table of keys.
    public var mapBytes = 128 << 20
    /// `log.cleaner.io.buffer.load.factor`
    public var mapLoadFactor = 0.9
    /// `log.cleaner.io.buffer.size`, of one thread: bytes for reading, and as many for writing.
    public var bufferBytes = 512 << 10
    /// The bytes that a compressed batch may unpack to.
    public var maximumDecompressedSize = 64 << 20
    /// Random bits, which nobody else knows.
    public var secret: (UInt64, UInt64)
    /// Milliseconds since 1970.
    public var now: Int64

    public init(secret: (UInt64, UInt64), now: Int64) {
        self.secret = secret
        self.now = now
    }
}

/// Why a compaction ended early. What it had replaced by then stays so.
public enum CompactionError: Error, Sendable, Equatable {
    case file(FileError)
    /// No good batch begins at this position, or it cannot be unpacked. Nothing of this segment, or behind it, was changed.
    case corrupt(segment: Int64, position: Int64)
    /// A segment would grow past what positions in it can say.
    case outgrown(segment: Int64)
    case cancelled
}

/// What a compaction did.
public struct CompactionResult: Sendable, Equatable {
    /// All below is compacted now.
    public var cleanedOffset: Int64 = 0
    /// Whether the log has more that could be compacted, for which the table of keys had no room.
    public var isPartial = false
    /// Bytes of the segments that were gone through, and of those that took their places.
    public var bytesBefore: Int64 = 0
    public var bytesAfter: Int64 = 0
    public var keys = 0
    /// Share of the memory for the table of keys that was in use, from 0 to 1.
    public var tableUse = 0.0

    public init() {}
}
