/// Something that is not as a clean stop leaves it, for the operator's eyes.
public enum StoreNotice: Sendable, Equatable {
    /// The last write before a crash was not complete; it was never acknowledged.
    case cutTornTail(path: String, offset: Int64, bytes: Int)
    /// A snapshot is damaged; an older one and the journals behind it were read in its place.
    case skippedSnapshot(path: String, StoreError)
}

/// What a store held when it was opened.
package struct StoreContents: Sendable, Equatable {
    package var snapshot: Snapshot?
    /// What was appended after the snapshot, in order; none of them is empty.
    package var batches: [JournalBatch] = []
    package var notices: [StoreNotice] = []
}
