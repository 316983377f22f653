/// Which leader epoch began at which offset, lowest first: both rise from entry to entry.
struct LeaderEpochCache: Sendable, Equatable {
    struct Entry: Sendable, Equatable {
        var epoch: Int32
        var startOffset: Int64
    }

    private(set) var entries: [Entry] = []

    init() {}

    /// Only entries that rise, as a file might hold others.
    init(_ entries: [Entry]) {
        for entry in entries { assign(entry.epoch, startOffset: entry.startOffset) }
    }

    var latest: Entry? { entries.last }

    /// Notes that records from `startOffset` on belong to `epoch`. False if that is known already or cannot be.
    @discardableResult
    mutating func assign(_ epoch: Int32, startOffset: Int64) -> Bool {
        guard epoch >= 0 else { return false }
        if let last = entries.last, epoch <= last.epoch { return false }
        while let last = entries.last, last.startOffset >= startOffset { entries.removeLast() }
        entries.append(Entry(epoch: epoch, startOffset: startOffset))
        return true
    }

    /// Forgets epochs that began at or past `offset`.
    mutating func truncate(from offset: Int64) {
        while let last = entries.last, last.startOffset >= offset { entries.removeLast() }
    }

    /// Forgets epochs that ended at or before `offset`; the one that holds it begins there from now on.
    mutating func truncate(before offset: Int64) {
        guard let holder = entries.lastIndex(where: { $0.startOffset <= offset }) else { return }
        entries.removeFirst(holder)
        entries[0].startOffset = offset
    }

    mutating func revert(toCount count: Int) { entries.removeLast(entries.count - count) }

    /// The largest epoch not above `epoch` and the offset at which it ended; nil for one that is newer than the log.
    func end(of epoch: Int32, logEndOffset: Int64) -> (epoch: Int32, endOffset: Int64)? {
        guard let last = entries.last, epoch >= 0, epoch <= last.epoch else { return nil }
        if epoch == last.epoch { return (epoch, logEndOffset) }
        guard let next = entries.firstIndex(where: { $0.epoch > epoch }) else { return nil }
        // Before all that is known: the log begins with a later epoch.
        if next == 0 { return (epoch, entries[0].startOffset) }
        return (entries[next - 1].epoch, entries[next].startOffset)
    }

    /// The epoch in which the record at `offset` was written.
    func epoch(at offset: Int64) -> Int32? {
        entries.last { $0.startOffset <= offset }?.epoch
    }

    /// Whether the batch that ends with `offset` can be of this epoch, as far as is known. -1 is none.
    func admits(_ epoch: Int32, at offset: Int64) -> Bool {
        guard epoch != -1, let known = self.epoch(at: offset) else { return true }
        return epoch == known
    }
}

extension LeaderEpochCache {
    func encode() -> [UInt8] {
        TextCheckpoint.encode(entries.map { "\($0.epoch) \($0.startOffset)" })
    }

    static func decode(_ bytes: [UInt8]) -> LeaderEpochCache? {
        guard let lines = TextCheckpoint.decode(bytes) else { return nil }
        var entries: [Entry] = []
        for line in lines {
            guard line.count == 2, let epoch = Int32(line[0]), let start = Int64(line[1]), epoch >= 0, start >= 0
            else { return nil }
            entries.append(Entry(epoch: epoch, startOffset: start))
        }
        return LeaderEpochCache(entries)
    }
}
