import Bytes
import Testing

@testable import Broker

struct RecordTimesTests {
    private let topic = UUID(high: 1, low: 1)

    private func place(_ partition: Int32, _ offset: Int64) -> GroupLag.Place {
        GroupLag.Place(topic: topic, partition: partition, offset: offset)
    }

    /// What groups wait for: partition `n` of the list at the offset given.
    private func lags(_ offsets: [Int64], group: Name = "g", end: Int64 = 10) -> [GroupLag] {
        offsets.enumerated().map { partition, offset in
            GroupLag(
                group: group, topic: "t", partition: Int32(partition), offset: offset, lag: 1,
                unread: .init(place: place(Int32(partition), offset), end: end, shard: partition % 2))
        }
    }

    @Test func eachPlaceIsLookedUpOnce() {
        var times = RecordTimes()
        let both = lags([5, 7]) + lags([5, 7], group: "other")
        #expect(times.plan(both, shardCount: 2) == [[place(0, 5)], [place(1, 7)]])
        times.take([place(0, 5): 1_000, place(1, 7): -1])
        #expect(times[place(0, 5)] == 1_000 && times[place(1, 7)] == nil)
        #expect(times.plan(both, shardCount: 2) == [[], []], "that there is no time is known too")
        // A group that goes on waits for another record, and the earlier one is forgotten.
        #expect(times.plan(lags([6, 7]), shardCount: 2) == [[place(0, 6)], []])
        #expect(times[place(0, 5)] == nil)
    }

    @Test func whereThereWasNoRecordOneMayCome() {
        var times = RecordTimes()
        _ = times.plan(lags([5, 7]), shardCount: 2)
        times.take([place(0, 5): 1_000, place(1, 7): -1])
        // As behind a gap that a compaction left.
        #expect(times.plan(lags([5, 7], end: 11), shardCount: 2) == [[], [place(1, 7)]])
        #expect(times[place(0, 5)] == 1_000)
        times.take([place(1, 7): -1])
        #expect(times.plan(lags([5, 7], end: 11), shardCount: 2) == [[], []])
        #expect(times.plan(lags([5, 7], end: 12), shardCount: 2) == [[], [place(1, 7)]])
        times.take([place(1, 7): 2_000])
        #expect(times.plan(lags([5, 7], end: 13), shardCount: 2) == [[], []])
        #expect(times[place(1, 7)] == 2_000)
    }

    @Test func whatThereIsNoRoomForHasItsTurn() {
        var times = RecordTimes()
        let all = lags(Array(repeating: 3, count: RecordTimes.lookupLimit * 5 / 2))
        var seen: Set<GroupLag.Place> = []
        for _ in 0..<3 {
            let asked = times.plan(all, shardCount: 2).flatMap { $0 }
            #expect(asked.count <= RecordTimes.lookupLimit)
            // Answers that never come hold up nobody.
            seen.formUnion(asked)
        }
        #expect(seen.count == all.count)
    }
}
