import Bytes
import KafkaProtocol
import Testing

@testable import Broker

@Suite struct FetchSessionCacheTests {
    private func open(_ cache: inout FetchSessionCache, now: Int64, isPrivileged: Bool = false) -> FetchContext? {
        var generator = SystemRandomNumberGenerator()
        return cache.open(usesTopicIDs: false, isPrivileged: isPrivileged, now: now, using: &generator)
    }

    @Test func epochsFollowOneAnother() throws {
        var cache = FetchSessionCache(capacity: 10, shard: 0, shardCount: 1)
        let session = try #require(open(&cache, now: 0))
        for epoch in Int32(1)...3 {
            guard
                case .incremental(let found) = cache.resolve(
                    sessionID: session.id, epoch: epoch, usesTopicIDs: false, now: 1)
            else { return #expect(Bool(false), "epoch \(epoch) was not taken") }
            #expect(found === session)
        }
        guard case .rejected(let error) = cache.resolve(sessionID: session.id, epoch: 3, usesTopicIDs: false, now: 1)
        else { return #expect(Bool(false), "an old epoch was taken") }
        #expect(error == .invalidFetchSessionEpoch)
    }

    @Test func theLastEpochIsFollowedByOne() throws {
        var cache = FetchSessionCache(capacity: 10, shard: 0, shardCount: 1)
        let session = try #require(open(&cache, now: 0))
        session.nextEpoch = Int32.max
        _ = cache.resolve(sessionID: session.id, epoch: Int32.max, usesTopicIDs: false, now: 0)
        #expect(session.nextEpoch == 1)
    }

    @Test func aFullCacheKeepsSessionsInUse() throws {
        var cache = FetchSessionCache(capacity: 2, shard: 0, shardCount: 1)
        #expect(open(&cache, now: 0) != nil)
        #expect(open(&cache, now: 1_000) != nil)
        #expect(open(&cache, now: 60_000) == nil)
        #expect(open(&cache, now: 60_000, isPrivileged: true) != nil)
        #expect(cache.count == 2)
        #expect(open(&cache, now: 121_001) != nil, "one that rested for two minutes makes room")
        #expect(cache.count == 2)
    }

    private func targets(_ count: Int32, name: String) -> [FetchTarget] {
        (0..<count).map { partition in
            FetchTarget(
                key: FetchKey(topicID: .zero, name: Name(name), partition: partition, isByID: false), fetchOffset: 0,
                currentLeaderEpoch: -1, lastFetchedEpoch: -1, maximumBytes: 1)
        }
    }

    /// Names of partitions that do not exist cost memory like others, and a client may send many.
    @Test func sessionsAreNoLargerThanTheCache() throws {
        var generator = SystemRandomNumberGenerator()
        var cache = FetchSessionCache(capacity: 1_000, shard: 0, shardCount: 1)
        let wanted = targets(1_000, name: String(repeating: "n", count: 10_000))
        var opened: [FetchContext] = []
        while let session = cache.open(
            for: wanted, usesTopicIDs: false, isPrivileged: false, now: 0, using: &generator)
        {
            let fits = cache.update(session, wanted, forgotten: [])
            #expect(fits)
            opened.append(session)
        }
        #expect(opened.count == FetchSessionCache.maximumMemoryBytes / (1_000 * 10_320))
        #expect(cache.memoryBytes <= FetchSessionCache.maximumMemoryBytes)
        let first = try #require(opened.first)
        let fits = cache.update(first, targets(1_000, name: String(repeating: "m", count: 10_000)), forgotten: [])
        #expect(!fits)
        #expect(cache.count == opened.count - 1, "who fills its session beyond that loses it")
        for session in opened { cache.remove(session.id) }
        #expect(cache.memoryBytes == 0)
    }

    @Test func shardsDoNotGiveTheSameIds() {
        for shard in 0..<3 {
            var cache = FetchSessionCache(capacity: 1_000, shard: shard, shardCount: 3)
            for now in 0..<100 { #expect(open(&cache, now: Int64(now)).map { Int($0.id) % 3 } == shard) }
        }
    }
}
