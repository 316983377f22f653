import Metadata

/// Metadata updates on their way to the shards.
struct Publications {
    private struct Publication {
        let then: () -> Void
        /// Shards that have not applied it.
        var missing: Int
    }

    private var sent: [UInt64: Publication] = [:]
    private var nextNumber: UInt64 = 1

    /// Gives an update that is about to be sent its number.
    ///
    /// - Parameter then: runs when all shards have applied the update.
    mutating func add(shards: Int, then: @escaping () -> Void) -> UInt64 {
        defer { nextNumber += 1 }
        sent[nextNumber] = Publication(then: then, missing: shards)
        return nextNumber
    }

    /// A shard has applied an update; what waited for the last one to do so.
    mutating func applied(_ number: UInt64) -> (() -> Void)? {
        guard let publication = sent[number] else { return nil }
        guard publication.missing == 1 else {
            sent[number]?.missing -= 1
            return nil
        }
        sent[number] = nil
        return publication.then
    }
}
