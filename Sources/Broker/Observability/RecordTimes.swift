/// When the records were written that groups have to read next. A look-up reads from a log, so the answers are kept for as
/// long as a group stands where it does, and for each answer to `/metrics` only so many are made.
struct RecordTimes: Sendable {
    /// Look-ups for one answer, of all shards together.
    static let lookupLimit = 1_000

    private struct Answer {
        /// Milliseconds since 1970; -1 where there is no record, or none with a time; nil while it is looked up.
        var time: Int64?
        /// Where no record was found, how far the log was read then: one may have come since, as behind what a compaction took.
        var end: Int64?
    }

    private var answers: [GroupLag.Place: Answer] = [:]
    /// Where the look-ups begin that there is no room for all at once: each has its turn.
    private var turn = 0

    /// nil where it is not known.
    subscript(place: GroupLag.Place) -> Int64? {
        guard let time = answers[place]?.time, time >= 0 else { return nil }
        return time
    }

    /// Forgets what no group waits for any more, and says what is to be looked up, by shard.
    mutating func plan(_ lags: [GroupLag], shardCount: Int) -> [[GroupLag.Place]] {
        var kept: [GroupLag.Place: Answer] = [:]
        var missing: [GroupLag.Unread] = []
        var seen: Set<GroupLag.Place> = []
        for unread in lags.lazy.compactMap(\.unread) where seen.insert(unread.place).inserted {
            if let answer = answers[unread.place], let time = answer.time, time >= 0 || answer.end == unread.end {
                kept[unread.place] = answer
            } else {
                missing.append(unread)
            }
        }
        answers = kept
        var questions = Array(repeating: [GroupLag.Place](), count: shardCount)
        guard !missing.isEmpty else { return questions }
        let count = min(missing.count, RecordTimes.lookupLimit)
        for step in 0..<count {
            let unread = missing[(turn + step) % missing.count]
            questions[unread.shard].append(unread.place)
            answers[unread.place] = Answer(end: unread.end)
        }
        turn = count < missing.count ? (turn + count) % missing.count : 0
        return questions
    }

    mutating func take(_ found: [GroupLag.Place: Int64]) {
        for (place, time) in found {
            answers[place] = Answer(time: time, end: time >= 0 ? nil : answers[place]?.end)
        }
    }
}
