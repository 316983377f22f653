import Bytes

/// Names a partition as the client does: by topic id from Fetch v13 on (then `name` is empty), by name before.
struct FetchKey: Hashable, Sendable {
    var topicID: UUID
    var name: Name
    var partition: Int32
    var isByID: Bool
}

/// What a client wants of one partition.
struct FetchTarget: Sendable {
    var key: FetchKey
    var fetchOffset: Int64
    /// -1: the client does not know it.
    var currentLeaderEpoch: Int32
    /// -1: the client does not know it.
    var lastFetchedEpoch: Int32
    var maximumBytes: Int32

    /// About what a session keeps in memory for it.
    var memoryBytes: Int { 320 + key.name.text.utf8.count }
}
