public import Bytes
public import Files
public import LogStorage

/// A log whose writes and syncs the scheduler runs, and who has to know how they ended.
public protocol DiskClient: AnyObject {
    var log: Log { get }
    /// The index of the log directory that holds the log.
    var directory: Int { get }
    /// The scheduler's own: whether it has the client among those to be written at the end of the tick.
    var isStaged: Bool { get set }
    /// Whether `diskWritten` wants a copy of what was written.
    var keepsWrites: Bool { get }
    /// Batches with these offsets are in the page cache. `buffers` hold them, one after the other, where the client wanted
    /// that or a copy was made anyway.
    func diskWritten(_ offsets: Range<Int64>, in buffers: [Buffer]?)
    /// What was written is durable up to the log's `syncedOffset`.
    func diskSynced()
    /// There was no room, or no descriptor: the log was cut back to its last whole batch, which ends at its `logEndOffset`.
    func diskFull(_ error: FileError)
    /// A write or a sync failed: the directory takes no more writes until it was recovered by a restart.
    func diskFailed(_ error: FileError)
}
