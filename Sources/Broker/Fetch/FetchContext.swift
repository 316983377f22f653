import Bytes
import Collections

/// The partitions that a fetch is about: those of a session (KIP-227), or of one request without a session.
///
/// A partition is *dirty* when it may have something to say: its request changed, its high watermark or log start moved,
/// its last answer was an error, carried records or had no room for them. An incremental fetch looks at the dirty ones alone, so that it costs
/// what changed and not what is subscribed.
final class FetchContext {
    /// 0 outside the cache of sessions.
    let id: Int32
    let usesTopicIDs: Bool
    let isPrivileged: Bool
    /// The epoch that the next request of the session has to carry.
    var nextEpoch: Int32 = 1
    var lastUsed: Int64
    private(set) var partitions: [FetchKey: FetchInterest] = [:]
    /// About what its partitions take.
    private(set) var memoryBytes = 0
    /// The partitions as the request that opened the context named them.
    private(set) var inRequestOrder: [FetchInterest] = []
    private(set) var dirty: Deque<FetchInterest> = []
    /// The fetch that waits for this context to have enough to say.
    weak var parked: FetchOperation?

    init(id: Int32, usesTopicIDs: Bool, isPrivileged: Bool, now: Int64) {
        self.id = id
        self.usesTopicIDs = usesTopicIDs
        self.isPrivileged = isPrivileged
        lastUsed = now
    }

    var isEmpty: Bool { partitions.isEmpty }

    func update(_ targets: [FetchTarget], forgotten: [FetchKey]) {
        for key in forgotten {
            guard let partition = partitions.removeValue(forKey: key) else { continue }
            memoryBytes -= partition.target.memoryBytes
            partition.withdraw()
        }
        for target in targets {
            if let known = partitions[target.key] {
                known.target = target
                markDirty(known)
            } else {
                let partition = FetchInterest(target, context: self)
                memoryBytes += target.memoryBytes
                partitions[target.key] = partition
                if nextEpoch == 1 { inRequestOrder.append(partition) }
                markDirty(partition)
            }
        }
    }

    func markDirty(_ partition: FetchInterest) {
        guard !partition.isDirty, !partition.isWithdrawn else { return }
        partition.isDirty = true
        dirty.append(partition)
    }

    /// Empties the dirty list; who still has something to say afterwards is marked again by its reader.
    func takeDirty() -> [FetchInterest] {
        var taken: [FetchInterest] = []
        taken.reserveCapacity(dirty.count)
        while let partition = dirty.popFirst() {
            partition.isDirty = false
            if !partition.isWithdrawn { taken.append(partition) }
        }
        return taken
    }

    /// Ends all its partitions' subscriptions.
    func close() {
        for partition in partitions.values { partition.withdraw() }
        partitions.removeAll()
        inRequestOrder.removeAll()
        dirty.removeAll()
    }
}
