/// Entries of a segment's indexes that a write under way puts into their files.
struct IndexFlush {
    /// Entries that wait in memory until so many are there.
    static let threshold = 64

    var offsetEntries: Int
    var timeEntries: Int
    var abortedTransactions: Int
}
