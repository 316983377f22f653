/// A log directory as it is found. What could not be found out is nil.
struct DirectoryFacts: Sendable {
    enum Kind: Sendable, Equatable {
        case directory
        /// It will be made in this one.
        case missing(above: String)
        case noDirectory
    }

    let path: String
    var kind = Kind.directory
    /// Whether this user may write to it, or to what it will be made in.
    var isWritable = true
    /// The number of the user whose it is, and of the one that asks.
    var owner: UInt32 = 0
    var user: UInt32 = 0
    var mount: Mount?
    var device: UInt64 = 0
    /// Bytes of the file system.
    var space: (total: Int64, usable: Int64)?
    /// Files that the file system can hold; not all of them count.
    var files: (total: Int64, free: Int64)?
    /// Whether somebody has locked it, and who.
    var isLocked = false
    var holder: ProcessName?
    /// Nanoseconds that appending 4 KiB and syncing took, several times; empty where it was not tried.
    var syncs: [Int64] = []
    var partitionCount = 0
    /// The latest change of what lies in it, in milliseconds since 1970.
    var latestChange: Int64?
    /// A name by which Apache Kafka's own storage tool is recognised.
    var foreignName: String?
    /// Whose `meta.properties` says it is.
    var nodeId: Int32?

    /// The time that one of them takes, in nanoseconds.
    var medianSync: Int64? { syncs.isEmpty ? nil : syncs.sorted()[syncs.count / 2] }
}
