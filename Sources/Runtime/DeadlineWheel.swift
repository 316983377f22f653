/// Names a deadline that was set, to cancel it. Outdated tokens are recognised and do nothing.
public struct DeadlineToken: Hashable, Sendable {
    let index: Int32
    let generation: UInt32
}

/// Deadlines in a hierarchical timing wheel: six levels of 64 slots, the lowest of 1 ms. Setting and cancelling is O(1);
/// a deadline moves down a level at most five times before it is due.
///
/// Time is in milliseconds since the wheel's origin. Deadlines of the same millisecond are due in the order in which they
/// were set. What lies beyond the top level (2.1 years) waits there and is placed anew.
struct DeadlineWheel {
    typealias Action = () -> Void

    private struct Entry {
        var due: Int64 = 0
        var next: Int32 = -1
        var previous: Int32 = -1
        /// The slot (level × 64 + place) it is linked into, -1 for a free entry.
        var slot: Int32 = -1
        var generation: UInt32 = 0
        var action: Action?
    }

    private struct Slot {
        var first: Int32 = -1
        var last: Int32 = -1
    }

    private static let levels = 6
    /// The farthest place of the top level that is not the current one.
    private static let reach: Int64 = 63 << 30

    private var entries: ContiguousArray<Entry> = []
    private var freeEntry: Int32 = -1
    private var slots = ContiguousArray(repeating: Slot(), count: levels * 64)
    /// A bit for each slot of a level that holds something.
    private var occupied = ContiguousArray<UInt64>(repeating: 0, count: levels)
    /// All deadlines up to this millisecond have been taken.
    private var elapsed: Int64 = 0
    /// No occupied slot begins before this millisecond.
    private var earliest = Int64.max
    private(set) var count = 0

    /// Sets a deadline; one that has passed already is due at the next millisecond.
    mutating func schedule(at due: Int64, _ action: @escaping Action) -> DeadlineToken {
        let index = takeEntry()
        entries[Int(index)].due = max(due, elapsed + 1)
        entries[Int(index)].action = action
        link(index)
        count += 1
        return DeadlineToken(index: index, generation: entries[Int(index)].generation)
    }

    /// False if it was due, or cancelled, before.
    @discardableResult
    mutating func cancel(_ token: DeadlineToken) -> Bool {
        let index = Int(token.index)
        guard index < entries.count, entries[index].generation == token.generation, entries[index].slot >= 0 else {
            return false
        }
        unlink(token.index)
        free(token.index)
        return true
    }

    /// The action of the earliest deadline that is due at `now`; nil when there is none left.
    mutating func popDue(at now: Int64) -> Action? {
        guard now >= earliest else {
            elapsed = max(elapsed, now)
            return nil
        }
        while let (start, slot) = nextSlot(), start <= now {
            if start > elapsed { elapsed = start }
            let first = slots[slot].first
            if slot < 64 {
                let action = entries[Int(first)].action
                unlink(first)
                free(first)
                return action
            }
            cascade(slot)
        }
        elapsed = max(elapsed, now)
        earliest = nextSlot()?.start ?? .max
        return nil
    }

    /// When the wheel must be looked at again: not after the earliest deadline, but perhaps before it.
    var nextDue: Int64? { count == 0 ? nil : earliest }

    // MARK: - Slots

    /// The occupied slot whose time begins first. A lower level lies wholly before the next slot of a higher one.
    private func nextSlot() -> (start: Int64, slot: Int)? {
        for level in 0..<DeadlineWheel.levels where occupied[level] != 0 {
            let shift = Int64(level * 6)
            let place = Int((elapsed >> shift) & 63)
            // Rotated so that bit 0 is the current place; at most one turn ahead.
            let turned =
                place == 0 ? occupied[level] : occupied[level] >> UInt64(place) | occupied[level] << UInt64(64 - place)
            let ahead = turned.trailingZeroBitCount
            let start = ((elapsed >> shift) + Int64(ahead)) << shift
            return (max(start, elapsed), level * 64 + (place + ahead) & 63)
        }
        return nil
    }

    /// Moves what a slot of a higher level holds down, in order.
    private mutating func cascade(_ slot: Int) {
        var index = slots[slot].first
        slots[slot] = Slot()
        occupied[slot >> 6] &= ~(1 << UInt64(slot & 63))
        while index >= 0 {
            let next = entries[Int(index)].next
            link(index)
            index = next
        }
    }

    private mutating func link(_ index: Int32) {
        let due = min(entries[Int(index)].due, elapsed + DeadlineWheel.reach)
        let difference = UInt64(bitPattern: due ^ elapsed) | 63
        let level = min((63 - difference.leadingZeroBitCount) / 6, DeadlineWheel.levels - 1)
        let place = Int((due >> Int64(level * 6)) & 63)
        let slot = level * 64 + place
        let last = slots[slot].last
        entries[Int(index)].slot = Int32(slot)
        entries[Int(index)].previous = last
        entries[Int(index)].next = -1
        if last >= 0 { entries[Int(last)].next = index } else { slots[slot].first = index }
        slots[slot].last = index
        occupied[level] |= 1 << UInt64(place)
        earliest = min(earliest, (due >> Int64(level * 6)) << Int64(level * 6))
    }

    private mutating func unlink(_ index: Int32) {
        let (next, previous, slot) =
            (entries[Int(index)].next, entries[Int(index)].previous, Int(entries[Int(index)].slot))
        if previous >= 0 { entries[Int(previous)].next = next } else { slots[slot].first = next }
        if next >= 0 { entries[Int(next)].previous = previous } else { slots[slot].last = previous }
        if slots[slot].first < 0 { occupied[slot >> 6] &= ~(1 << UInt64(slot & 63)) }
    }

    // MARK: - Entries

    private mutating func takeEntry() -> Int32 {
        guard freeEntry >= 0 else {
            entries.append(Entry())
            return Int32(entries.count - 1)
        }
        let index = freeEntry
        freeEntry = entries[Int(index)].next
        return index
    }

    private mutating func free(_ index: Int32) {
        entries[Int(index)].action = nil
        entries[Int(index)].slot = -1
        entries[Int(index)].generation &+= 1
        entries[Int(index)].next = freeEntry
        freeEntry = index
        count -= 1
    }

    mutating func removeAll() {
        let origin = elapsed
        self = DeadlineWheel()
        elapsed = origin
    }
}
