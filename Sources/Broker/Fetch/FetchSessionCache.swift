import KafkaProtocol

/// The incremental fetch sessions of one shard (KIP-227). Bounded, in number and in what they take: when it is full, a
/// session that rested for two minutes makes room for a new one, else the client is answered without a session.
struct FetchSessionCache {
    /// What all sessions may take, about; a client names partitions that need not exist.
    static let maximumMemoryBytes = 24 << 20

    private var sessions: [Int32: FetchContext] = [:]
    /// Sessions that made room for others.
    private(set) var evictions = 0
    /// What the sessions take.
    private(set) var memoryBytes = 0
    private let capacity: Int
    private let evictableAfterMs: Int64
    private let shard: Int32
    private let shardCount: Int32

    /// Session ids of a shard leave its index when divided by the number of shards, so that no two shards give the same.
    init(capacity: Int, shard: Int, shardCount: Int, evictableAfterMs: Int64 = 120_000) {
        self.capacity = capacity
        self.evictableAfterMs = evictableAfterMs
        self.shard = Int32(shard)
        self.shardCount = Int32(shardCount)
    }

    var count: Int { sessions.count }

    /// Of all sessions together.
    var partitionCount: Int { sessions.values.reduce(0) { $0 + $1.partitions.count } }

    enum Resolution {
        /// Answer this error with no partitions.
        case rejected(ErrorCode)
        /// Answer all partitions of the request and keep nothing.
        case sessionless
        /// Answer all partitions of the request and open a session.
        case new
        /// Answer what changed in this session.
        case incremental(FetchContext)
    }

    mutating func resolve(sessionID: Int32, epoch: Int32, usesTopicIDs: Bool, now: Int64) -> Resolution {
        let initialEpoch: Int32 = 0
        let finalEpoch: Int32 = -1
        if epoch == initialEpoch || epoch == finalEpoch {
            if sessionID != 0 { remove(sessionID) }
            return epoch == finalEpoch ? .sessionless : .new
        }
        guard let session = sessions[sessionID] else { return .rejected(.fetchSessionIdNotFound) }
        guard session.nextEpoch == epoch else { return .rejected(.invalidFetchSessionEpoch) }
        guard session.usesTopicIDs == usesTopicIDs else { return .rejected(.fetchSessionTopicIdError) }
        session.nextEpoch = epoch == Int32.max ? 1 : epoch + 1
        session.lastUsed = now
        return .incremental(session)
    }

    mutating func remove(_ id: Int32) {
        guard let session = sessions.removeValue(forKey: id) else { return }
        memoryBytes -= session.memoryBytes
        session.close()
    }

    /// Updates a context, which may be outside the cache. False if that would be more than the cache may take: the session
    /// is gone then.
    mutating func update(_ context: FetchContext, _ targets: [FetchTarget], forgotten: [FetchKey]) -> Bool {
        let before = context.memoryBytes
        context.update(targets, forgotten: forgotten)
        guard context.id != 0 else { return true }
        memoryBytes += context.memoryBytes - before
        guard memoryBytes > FetchSessionCache.maximumMemoryBytes, context.memoryBytes > before else { return true }
        remove(context.id)
        return false
    }

    /// A new session for these partitions, or nil when the cache is full of sessions in use.
    mutating func open(
        for targets: [FetchTarget] = [], usesTopicIDs: Bool, isPrivileged: Bool, now: Int64,
        using generator: inout some RandomNumberGenerator
    ) -> FetchContext? {
        guard capacity > 0 else { return nil }
        let wanted = targets.reduce(0) { $0 + $1.memoryBytes }
        while sessions.count >= capacity || memoryBytes + wanted > FetchSessionCache.maximumMemoryBytes {
            guard evict(for: isPrivileged, now: now) else { return nil }
        }
        var id: Int32
        repeat {
            let draw = Int32.random(in: 1...Int32.max / shardCount - 1, using: &generator)
            id = draw * shardCount + shard
        } while sessions[id] != nil
        let session = FetchContext(id: id, usesTopicIDs: usesTopicIDs, isPrivileged: isPrivileged, now: now)
        sessions[id] = session
        return session
    }

    private mutating func evict(for isPrivileged: Bool, now: Int64) -> Bool {
        let oldest = sessions.values.min { ($0.lastUsed, $0.id) < ($1.lastUsed, $1.id) }
        if let oldest, now - oldest.lastUsed > evictableAfterMs {
            remove(oldest.id)
            evictions += 1
            return true
        }
        guard isPrivileged else { return false }
        let common = sessions.values.lazy.filter { !$0.isPrivileged }.min {
            ($0.lastUsed, $0.id) < ($1.lastUsed, $1.id)
        }
        guard let common else { return false }
        remove(common.id)
        evictions += 1
        return true
    }
}
