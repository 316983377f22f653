import Runtime

/// How the compaction of one shard's logs stands.
struct CompactionReport: Sendable {
    /// Of the last pass in each log directory, by its index.
    var passes: [Int: Pass] = [:]
    /// The largest share of dirty bytes that the last look found in a log of each directory, from 0 to 1.
    var dirtyRatios: [Int: Double] = [:]
    /// When a log to compact was looked for last.
    var lastLook: MonotonicTime?
    /// Partitions that cannot be compacted, by the index of their log directory.
    var uncleanable: [Int: Uncleanable] = [:]
    var finished = 0
    var bytesRead: Int64 = 0
    var bytesWritten: Int64 = 0

    struct Pass: Sendable {
        var duration: Interval
        /// Share of the table of keys that was in use, and of the bytes that were written again; from 0 to 1.
        var tableUse: Double
        var recopied: Double
    }

    struct Uncleanable: Sendable {
        var partitions = 0
        var bytes: Int64 = 0
    }
}
