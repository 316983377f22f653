import Synchronization

/// What the shards share so that the broker compacts one log of a directory at a time, and no more logs than it has threads
/// for.
final class CompactionSlots: Sendable {
    /// A bit for each directory of which a log is compacted; directories past the 64th share them.
    private let taken = Atomic<UInt64>(0)

    /// False where the directory has one already, or `limit` are taken.
    func take(_ directory: Int, limit: Int) -> Bool {
        let bit = UInt64(1) << UInt64(directory % 64)
        var before = taken.load(ordering: .relaxed)
        while before & bit == 0, before.nonzeroBitCount < limit {
            let (exchanged, original) = taken.compareExchange(
                expected: before, desired: before | bit, ordering: .relaxed)
            if exchanged { return true }
            before = original
        }
        return false
    }

    func giveBack(_ directory: Int) {
        taken.bitwiseAnd(~(UInt64(1) << UInt64(directory % 64)), ordering: .relaxed)
    }
}
