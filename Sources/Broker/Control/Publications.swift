import Collections
import Metadata

/// Metadata updates on their way to the shards, in order.
///
/// One that removes topics holds back the later ones until every shard has applied it: a new topic of the same name may
/// belong to another shard, which must not find what the old one has left.
struct Publications {
    private struct Publication {
        let update: MetadataUpdate
        let then: () -> Void
        /// Shards that have not applied it.
        var missing: Int

        var isBarrier: Bool { !update.delta.removedTopics.isEmpty }
    }

    private var held: Deque<Publication> = []
    private var sent: [UInt64: Publication] = [:]
    private var barrier: UInt64?
    private var nextNumber: UInt64 = 1

    /// - Parameter then: runs when all shards have applied the update.
    mutating func add(_ delta: ClusterDelta, _ image: ClusterImage, shards: Int, then: @escaping () -> Void) {
        let update = MetadataUpdate(delta: delta, image: image, number: nextNumber)
        nextNumber += 1
        held.append(Publication(update: update, then: then, missing: shards))
    }

    /// The next update that is to be sent to all shards.
    mutating func next() -> MetadataUpdate? {
        guard barrier == nil, let publication = held.popFirst() else { return nil }
        if publication.isBarrier { barrier = publication.update.number }
        sent[publication.update.number] = publication
        return publication.update
    }

    /// A shard has applied an update; what waited for the last one to do so.
    mutating func applied(_ number: UInt64) -> (() -> Void)? {
        guard let publication = sent[number] else { return nil }
        guard publication.missing == 1 else {
            sent[number]?.missing -= 1
            return nil
        }
        sent[number] = nil
        if barrier == number { barrier = nil }
        return publication.then
    }
}
