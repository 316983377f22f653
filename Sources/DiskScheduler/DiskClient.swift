public import Files
public import LogStorage

/// A log whose writes and syncs the scheduler runs, and who has to know how they ended.
public protocol DiskClient: AnyObject {
    var log: Log { get }
    /// The index of the log directory that holds the log.
    var directory: Int { get }
    /// What was staged is in the page cache.
    func diskWritten()
    /// What was written is durable up to the log's `syncedOffset`.
    func diskSynced()
    /// There was no room: the log was cut back to its last whole batch, which ends at its `logEndOffset`.
    func diskFull()
    /// A write or a sync failed: the directory takes no more writes until it was recovered by a restart.
    func diskFailed(_ error: FileError)
}
