/// When the records were written that groups have to read next. A look-up reads from a log, so the answers are kept for as
/// long as a group stands where it does, and for each answer to `/metrics` only so many are made.
struct RecordTimes: Sendable {
    /// Look-ups for one answer, of all shards together.
    static let lookupLimit = 1_000

    /// Milliseconds since 1970; -1 where there is no record, or none with a time.
    private var times: [GroupLag.Place: Int64] = [:]
    /// Where no record was found, how far its log was read then: one may have come since, as behind what a compaction took.
    private var ends: [GroupLag.Place: Int64] = [:]
    /// Where the look-ups begin that there is no room for all at once: each has its turn.
    private var turn = 0

    /// nil where it is not known.
    subscript(place: GroupLag.Place) -> Int64? {
        guard let time = times[place], time >= 0 else { return nil }
        return time
    }

    /// Forgets what no group waits for any more, and says what is to be looked up, by shard.
    mutating func plan(_ lags: [GroupLag], shardCount: Int) -> [[GroupLag.Place]] {
        var (kept, keptEnds): ([GroupLag.Place: Int64], [GroupLag.Place: Int64]) = ([:], [:])
        var missing: [GroupLag.Unread] = []
        var seen: Set<GroupLag.Place> = []
        for unread in lags.lazy.compactMap(\.unread) where seen.insert(unread.place).inserted {
            let end = ends[unread.place]
            if let time = times[unread.place], time >= 0 || end == unread.end {
                kept[unread.place] = time
                keptEnds[unread.place] = end
            } else {
                missing.append(unread)
            }
        }
        (times, ends) = (kept, keptEnds)
        var questions = Array(repeating: [GroupLag.Place](), count: shardCount)
        guard !missing.isEmpty else { return questions }
        let count = min(missing.count, RecordTimes.lookupLimit)
        for step in 0..<count {
            let unread = missing[(turn + step) % missing.count]
            questions[unread.shard].append(unread.place)
            ends[unread.place] = unread.end
        }
        turn = count < missing.count ? (turn + count) % missing.count : 0
        return questions
    }

    mutating func take(_ found: [GroupLag.Place: Int64]) {
        for (place, time) in found {
            times[place] = time
            if time >= 0 { ends[place] = nil }
        }
    }
}
