import Bytes
import Files
import LogStorage
import Records

/// What a log should hold: every batch that was handed to it and may be on the disk, in order.
struct LogModel {
    struct Entry {
        var offsets: ClosedRange<Int64>
        /// As they should stand in the log.
        var bytes: [UInt8]
        var leaderEpoch: Int32
        var producer: (id: Int64, epoch: Int16, sequence: Int32)?

        var lastSequence: Int32? { producer.map { $0.sequence + Int32(offsets.count) - 1 } }
    }

    private(set) var entries: [Entry] = []
    /// All below was acknowledged to somebody.
    var acknowledgedEnd: Int64 = 0
    /// The start that a caller of `deleteRecords` was told is durable.
    var acknowledgedStart: Int64 = 0
    /// The highest start that the log ever had, or may have had: what lies below may be gone.
    var highestStart: Int64 = 0

    /// Where a log without entries begins.
    private var emptyEnd: Int64 = 0

    var end: Int64 { entries.last.map { $0.offsets.upperBound + 1 } ?? emptyEnd }

    mutating func append(_ batch: Batch, bytes: [UInt8], leaderEpoch: Int32) {
        var bytes = bytes
        let base = end
        bytes.replaceSubrange(0..<8, with: bigEndian(UInt64(base)))
        bytes.replaceSubrange(12..<16, with: bigEndian(UInt64(leaderEpoch)).suffix(4))
        entries.append(
            Entry(
                offsets: base...base + Int64(batch.count) - 1, bytes: bytes, leaderEpoch: leaderEpoch,
                producer: batch.producer))
    }

    /// Forgets what lies at or past the offset.
    mutating func truncate(to offset: Int64) {
        entries.removeAll { $0.offsets.lowerBound >= offset }
    }

    func index(of offset: Int64) -> Int? {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].offsets.upperBound < offset { low = middle + 1 } else { high = middle }
        }
        return low < entries.count && entries[low].offsets.contains(offset) ? low : nil
    }

    /// The newest batches of a producer in its newest epoch, oldest first: the five that a log remembers.
    func recentBatches(of producer: Int64) -> ArraySlice<Entry> {
        let all = entries.filter { $0.producer?.id == producer }
        guard let epoch = all.last?.producer?.epoch else { return [] }
        return all.filter { $0.producer?.epoch == epoch }.suffix(5)
    }

    private func bigEndian(_ value: UInt64) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
}

extension LogModel {
    /// Compares a log that recovery has just opened, and takes over what it kept.
    mutating func check(recovered log: Log, events: [LogEvent]) throws {
        guard log.logEndOffset >= acknowledgedEnd else {
            throw ModelFailure("acknowledged up to \(acknowledgedEnd), ends at \(log.logEndOffset): \(events)")
        }
        guard log.logEndOffset <= max(end, acknowledgedStart) else {
            throw ModelFailure("written up to \(end), ends at \(log.logEndOffset): \(events)")
        }
        guard
            log.logEndOffset == end
                || index(of: log.logEndOffset).map({ entries[$0].offsets.lowerBound }) == log.logEndOffset
        else { throw ModelFailure("ends inside a batch, at \(log.logEndOffset)") }
        if log.logStartOffset > highestStart, log.logStartOffset >= acknowledgedEnd {
            // Of files whose names were never synced, a later one may be left and an earlier one not.
            entries.removeAll { $0.offsets.lowerBound < log.logStartOffset }
            emptyEnd = log.logStartOffset
            highestStart = log.logStartOffset
        }
        guard log.logStartOffset >= acknowledgedStart, log.logStartOffset <= highestStart else {
            throw ModelFailure(
                "starts at \(log.logStartOffset), not between \(acknowledgedStart) and \(highestStart): \(events)")
        }
        guard log.syncedOffset == log.logEndOffset, log.writtenOffset == log.logEndOffset else {
            throw ModelFailure("recovery leaves something unsynced")
        }
        for event in events {
            if case .damaged = event { throw ModelFailure("taken for damage: \(event)") }
        }
        truncate(to: log.logEndOffset)
        acknowledgedEnd = log.logEndOffset
        try check(epochsOf: log)
        try check(producersOf: log)
    }

    private func check(epochsOf log: Log) throws {
        for entry in entries where entry.offsets.lowerBound >= highestStart {
            guard log.leaderEpoch(at: entry.offsets.lowerBound) == entry.leaderEpoch else {
                throw ModelFailure("leader epoch at \(entry.offsets.lowerBound) is not \(entry.leaderEpoch)")
            }
        }
    }

    /// Producers must be known as they were, though the log's start may have passed all that they wrote.
    private func check(producersOf log: Log) throws {
        for id in Set(entries.compactMap(\.producer?.id)) {
            guard let last = recentBatches(of: id).last else { continue }
            let known = log.activeProducers.first { $0.id == id }
            guard known?.epoch == last.producer?.epoch, known?.lastSequence == last.lastSequence else {
                throw ModelFailure(
                    "producer \(id) wrote \(last.lastSequence ?? -1) last, known is \(String(describing: known))")
            }
        }
    }

    /// Compares the bytes that a read from `offset` gave.
    ///
    /// - Returns: the offset behind them.
    func check(_ bytes: [UInt8], from offset: Int64, maximumBytes: Int, upTo: Int64) throws -> Int64 {
        guard var index = index(of: offset) else {
            throw ModelFailure("a read at \(offset), where nothing was written")
        }
        var position = 0
        while position < bytes.count {
            guard index < entries.count else { throw ModelFailure("more bytes than were written") }
            let entry = entries[index]
            guard bytes[position...].starts(with: entry.bytes) else {
                throw ModelFailure("wrong bytes in the batch at \(entry.offsets.lowerBound)")
            }
            guard entry.offsets.upperBound < upTo else { throw ModelFailure("bytes past the bound \(upTo)") }
            guard position == 0 || position + entry.bytes.count <= maximumBytes else {
                throw ModelFailure("more than \(maximumBytes) bytes")
            }
            position += entry.bytes.count
            index += 1
        }
        return entries[index - 1].offsets.upperBound + 1
    }
}
