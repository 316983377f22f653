import Bytes
import Files
import LogStorage
import Records

extension LogModelRun {
    mutating func step(_ life: inout LogLife) throws {
        now += Int64.random(in: 0..<100, using: &generator)
        disk.now = now
        switch Int.random(in: 0..<100, using: &generator) {
        case 0..<55: try tick(&life)
        case 55..<75: try read(&life)
        case 75..<80: try checkpoint(life)
        case 80..<84: try deleteRecords(&life)
        case 84..<89: try enforceRetention(&life)
        case 89..<92: try removeDeleted(&life)
        case 92..<95: life.log.closeIdleFiles()
        case 95..<97: try resendEverything(&life)
        default: toggleFullDisk()
        }
        let acknowledged = life.log.acknowledgeableOffset
        guard acknowledged <= life.log.writtenOffset, life.log.writtenOffset <= life.log.logEndOffset else {
            throw ModelFailure("offsets out of order")
        }
        // Topics that do not wait for the sync were promised less.
        if configuration.flushMessages <= 1 { model.acknowledgedEnd = max(model.acknowledgedEnd, acknowledged) }
    }

    private mutating func checkpoint(_ life: LogLife) throws {
        do {
            try writeCheckpoints(life, recoveryPoint: life.log.recoveryPoint, sync: generator.chance(0.3))
        } catch let error as FileError where error.isOutOfSpace {
            note("no room for a checkpoint")
        }
    }

    private mutating func toggleFullDisk() {
        disk.capacity = disk.capacity == nil ? disk.usedBytes + Int.random(in: 0..<16_384, using: &generator) : nil
        note("capacity \(String(describing: disk.capacity))")
    }
}

// MARK: - Appending

extension LogModelRun {
    /// Appends some batches, writes them together, and syncs now or with a later tick.
    private mutating func tick(_ life: inout LogLife) throws {
        var kept: [StagedBytes] = []
        let count = Int.random(in: 1...4, using: &generator)
        for _ in 0..<count { kept.append(try append(life.log)) }
        try write(&life)
        withExtendedLifetime(kept) {}
        try perform(life.pendingSync.take(), &life)
        guard let sync = life.log.takeSync(now: now) else { return }
        if generator.chance(0.3) {
            life.pendingSync = sync
        } else {
            try perform(sync, &life)
        }
    }

    private mutating func write(_ life: inout LogLife) throws {
        guard let failure = life.log.writeStaged(now: now) else { return }
        note("write failed: \(failure)")
        guard failure.isFenced == (life.log.failure != nil), failure.isFenced || failure.error.isOutOfSpace else {
            throw ModelFailure("a failed write did not fence: \(failure)")
        }
        guard !failure.isFenced else { throw failure.error }
        fullDisks += 1
        model.truncate(to: failure.revertedTo)
        guard life.log.logEndOffset == model.end, life.log.writtenOffset == model.end else {
            throw ModelFailure("taken back to \(life.log.logEndOffset), not to \(model.end)")
        }
    }

    mutating func perform(_ sync: LogSync?, _ life: inout LogLife) throws {
        guard let sync else { return }
        do {
            let remainder = try sync.perform()
            life.log.syncCompleted(sync, leaving: remainder)
            note("synced \(sync.upTo), leaving \(remainder)")
            if remainder != .none { postponements += 1 }
        } catch {
            life.log.syncFailed(error)
            note("sync failed")
            guard !error.isOutOfSpace else { throw ModelFailure("a full disk failed a sync: \(error)") }
            try syncAgain(&life)
            throw error
        }
    }

    /// The pages of a sync that failed may be gone, and another one would succeed without them: nothing counts as durable
    /// that was not before.
    private mutating func syncAgain(_ life: inout LogLife) throws {
        guard let sync = life.log.takeSync(now: now) else { return }
        life.log.syncCompleted(sync, leaving: try sync.perform())
        note("synced again: \(sync.upTo)")
        if configuration.flushMessages <= 1 {
            model.acknowledgedEnd = max(model.acknowledgedEnd, life.log.acknowledgeableOffset)
        }
    }

    private mutating func append(_ log: Log) throws -> StagedBytes {
        var batch = Batch()
        batch.count = Int.random(in: 1...6, using: &generator)
        batch.timestamp = now
        batch.valueSize = [0, 10, 100, 400].randomElement(using: &generator) ?? 0
        batch.fill = UInt8.random(in: 0...255, using: &generator)
        var expected: AppendError?
        if generator.chance(0.6) {
            let id = Int64.random(in: 1...3, using: &generator)
            if generator.chance(0.15), let resent = try resend(id, log) { return resent }
            (batch.producer, expected) = nextProducer(id)
        }
        let bytes = batch.bytes
        let (buffer, outcome) = append(bytes, log)
        if let expected {
            guard case .rejected(expected) = outcome else { throw ModelFailure("\(outcome), not \(expected)") }
            refusals += 1
            return buffer
        }
        guard case .appended(let placed) = outcome, placed.baseOffset == max(model.end, log.logStartOffset) else {
            throw ModelFailure("\(outcome) at \(model.end), \(batch)")
        }
        model.append(batch, bytes: bytes, leaderEpoch: life)
        note("append \(placed.baseOffset)...\(placed.lastOffset) \(bytes.count) bytes")
        return buffer
    }

    private func append(_ bytes: [UInt8], _ log: Log) -> (StagedBytes, AppendOutcome) {
        let buffer = StagedBytes(bytes)
        let outcome = log.append(buffer.pointer, leaderEpoch: life, now: now)
        return (buffer, outcome)
    }

    /// The numbers of a producer's next batch: mostly the right ones.
    private mutating func nextProducer(
        _ id: Int64
    ) -> (producer: (id: Int64, epoch: Int16, sequence: Int32), expected: AppendError?) {
        guard let last = model.recentBatches(of: id).last, let producer = last.producer,
            let sequence = last.lastSequence
        else { return ((id, 0, 0), nil) }
        switch Int.random(in: 0..<20, using: &generator) {
        case 0: return ((id, producer.epoch, sequence + 2), .outOfOrderSequence)
        case 1 where producer.epoch > 0: return ((id, producer.epoch - 1, sequence + 1), .invalidProducerEpoch)
        case 2: return ((id, producer.epoch + 1, 7), .outOfOrderSequence)
        case 3: return ((id, producer.epoch + 1, 0), nil)
        default: return ((id, producer.epoch, sequence + 1), nil)
        }
    }

    private mutating func resend(_ id: Int64, _ log: Log) throws -> StagedBytes? {
        guard let entry = model.recentBatches(of: id).randomElement(using: &generator) else { return nil }
        return try resend(entry, log)
    }

    private mutating func resend(_ entry: LogModel.Entry, _ log: Log) throws -> StagedBytes {
        let (buffer, outcome) = append(entry.bytes, log)
        guard case .duplicate(let first) = outcome, first.baseOffset == entry.offsets.lowerBound,
            first.lastOffset == entry.offsets.upperBound
        else { throw ModelFailure("resent \(entry.offsets) of \(String(describing: entry.producer)): \(outcome)") }
        duplicates += 1
        return buffer
    }

    private mutating func resendEverything(_ life: inout LogLife) throws {
        for id in 1...3 as ClosedRange<Int64> {
            for entry in model.recentBatches(of: id) { _ = try resend(entry, life.log) }
        }
    }
}

// MARK: - Reading

extension LogModelRun {
    private mutating func read(_ life: inout LogLife) throws {
        let log = life.log
        guard log.writtenOffset > log.logStartOffset else { return }
        let offset = Int64.random(in: log.logStartOffset..<log.writtenOffset, using: &generator)
        let upTo = Int64.random(in: offset...log.writtenOffset, using: &generator)
        let maximum = Int.random(in: 0..<6000, using: &generator)
        guard case .bytes(let bytes) = try bytes(log, from: offset, maximumBytes: maximum, upTo: upTo) else {
            guard offset < model.highestStart || upTo <= model.entries[model.index(of: offset) ?? 0].offsets.upperBound
            else { throw ModelFailure("nothing to read at \(offset) up to \(upTo)") }
            return
        }
        _ = try model.check(bytes, from: offset, maximumBytes: maximum, upTo: upTo)
    }

    /// Reads from the start to the end. What was deleted and came back may have holes.
    mutating func readAll(_ life: inout LogLife) throws {
        var offset = life.log.logStartOffset
        while offset < life.log.writtenOffset {
            switch try bytes(life.log, from: offset, maximumBytes: 1 << 20, upTo: life.log.writtenOffset) {
            case .bytes(let bytes):
                offset = try model.check(bytes, from: offset, maximumBytes: 1 << 20, upTo: life.log.writtenOffset)
            case .nothing:
                guard offset < model.highestStart else { throw ModelFailure("nothing to read at \(offset)") }
                offset += 1
            }
        }
    }

    /// Looks up every batch by its first and by its last offset.
    mutating func readEach(_ log: Log) throws {
        for entry in model.entries where entry.offsets.lowerBound >= max(model.highestStart, log.logStartOffset) {
            for offset in [entry.offsets.lowerBound, entry.offsets.upperBound] {
                guard case .bytes(entry.bytes) = try bytes(log, from: offset, maximumBytes: 0, upTo: log.writtenOffset)
                else { throw ModelFailure("a look-up of \(offset) does not find \(entry.offsets)") }
            }
        }
    }

    private enum Found: Equatable {
        case bytes([UInt8])
        case nothing
    }

    private mutating func bytes(_ log: Log, from offset: Int64, maximumBytes: Int, upTo: Int64) throws -> Found {
        var answer = log.read(from: offset, maximumBytes: maximumBytes, upTo: upTo)
        while case .needsDisk(let job) = answer { answer = log.finish(job.run()) }
        if case .failed(let error) = answer { throw error }
        guard case .answer(.bytes(let read)) = answer else { return .nothing }
        var bytes = [UInt8](repeating: 0, count: read.count)
        let count = try bytes.withUnsafeMutableBytes { try read.segment.file.read(into: $0, at: read.position) }
        guard count == read.count, count > 0 else { throw ModelFailure("\(count) of \(read.count) bytes at \(offset)") }
        // A read may begin before the offset, as batches are whole; never in another batch.
        return .bytes(bytes)
    }
}

// MARK: - Deleting

extension LogModelRun {
    private mutating func deleteRecords(_ life: inout LogLife) throws {
        guard life.log.syncedOffset > life.log.logStartOffset else { return }
        let offset = Int64.random(in: life.log.logStartOffset...life.log.syncedOffset, using: &generator)
        model.highestStart = max(model.highestStart, offset)
        life.log.deleteRecords(before: offset)
        note("delete records before \(offset)")
        try OffsetCheckpoint.logStartOffset.write(
            [LogModelRun.partition: life.log.logStartOffset], in: LogModelRun.root, disk, sync: true)
        model.acknowledgedStart = life.log.logStartOffset
    }

    private mutating func enforceRetention(_ life: inout LogLife) throws {
        let start = life.log.logStartOffset
        if case .needsDisk(let job) = life.log.confirmTimes(now: now) { _ = life.log.finish(job.run()) }
        guard let deletion = life.log.enforceRetention(now: now, highWatermark: life.log.syncedOffset) else { return }
        for segment in deletion.segments where segment.reason == .startOffset && segment.nextOffset > start {
            throw ModelFailure("records up to \(segment.nextOffset) are deleted, which begin at \(start)")
        }
        model.highestStart = max(model.highestStart, life.log.logStartOffset)
        note("retention to \(life.log.logStartOffset): \(deletion.segments.map(\.baseOffset))")
        try deletion.rename()
        life.deletions.append(deletion)
    }

    private mutating func removeDeleted(_ life: inout LogLife) throws {
        for deletion in life.deletions { try deletion.remove() }
        life.deletions = []
    }
}
