import Bytes
import DiskScheduler
import Files
import LogStorage
import Replication

extension PartitionModelRun {
    mutating func step(_ open: inout Life) throws {
        now += Int64.random(in: 0..<100, using: &generator)
        disk.now = now
        let shard = Int.random(in: open.shards.indices, using: &generator)
        switch Int.random(in: 0..<100, using: &generator) {
        case 0..<50: try tick(shard, &open)
        case 50..<70: takeRound(shard, &open)
        case 70..<92: performRound(shard, &open)
        default: try writeCheckpoint(open)
        }
        try take(&open)
    }

    /// Appends to some partitions of a shard, and writes.
    private mutating func tick(_ shard: Int, _ open: inout Life) throws {
        guard !open.shards[shard].hasFailed else { return }
        for (index, partition) in open.shards[shard].partitions where generator.chance(0.6) {
            var kept: [StagedBytes] = []
            for _ in 0..<Int.random(in: 1...2, using: &generator) {
                kept.append(try append(index, partition, &open))
            }
            if let failure = partition.log.writeStaged(now: now) {
                note("\(index): write failed")
                open.rounds.fail(failure.error)
                open.shards[shard].hasFailed = true
                partition.fail(.fenced, into: &open.acknowledgements)
            }
            withExtendedLifetime(kept) {}
            partition.advance(into: &open.acknowledgements)
        }
    }

    private mutating func append(_ index: Int, _ partition: Partition, _ open: inout Life) throws -> StagedBytes {
        let batch = Batch(
            count: Int.random(in: 1...4, using: &generator), timestamp: now,
            valueSize: [0, 50, 400].randomElement(using: &generator) ?? 0)
        let bytes = batch.bytes
        let buffer = StagedBytes(bytes)
        let outcome = partition.log.append(buffer.pointer, leaderEpoch: partition.leaderEpoch, now: now)
        guard case .appended(let placed) = outcome, placed.baseOffset == models[index].end else {
            throw ModelFailure("\(index): \(outcome) at \(models[index].end)")
        }
        models[index].append(batch, bytes: bytes, leaderEpoch: life)
        open.nextRequest += 1
        open.waiting[open.nextRequest] = (index, placed.lastOffset + 1)
        partition.appended(
            endOffset: placed.lastOffset + 1, bytes: bytes.count,
            token: AcknowledgementToken(shard: 0, slot: 0, session: 0, request: open.nextRequest))
        note("\(index): append \(placed.baseOffset)...\(placed.lastOffset)")
        return buffer
    }

    private mutating func takeRound(_ shard: Int, _ open: inout Life) {
        guard open.shards[shard].round.isEmpty, !open.shards[shard].hasFailed else { return }
        for (index, partition) in open.shards[shard].partitions {
            if let sync = partition.log.takeSync(now: now) { open.shards[shard].round.append((partition, index, sync)) }
        }
    }

    private mutating func performRound(_ shard: Int, _ open: inout Life) {
        let round = open.shards[shard].round
        guard !round.isEmpty else { return }
        open.shards[shard].round = []
        switch open.rounds.perform(round.map(\.sync)) {
        case .success(let remainders):
            note("synced \(round.map { ($0.index, $0.sync.upTo) })")
            for (member, remainder) in zip(round, remainders) {
                member.partition.log.syncCompleted(member.sync, leaving: remainder)
                member.partition.advance(into: &open.acknowledgements)
            }
        case .failure(let error):
            note("shard \(shard): \(error)")
            failedRounds += 1
            open.shards[shard].hasFailed = true
            for member in round {
                member.partition.log.syncFailed(error)
                member.partition.fail(.fenced, into: &open.acknowledgements)
            }
        }
    }

    /// Whoever hears that a batch is committed, or reads up to the high watermark, relies on it from then on. Topics that
    /// do not wait for the sync promise less.
    private mutating func take(_ open: inout Life) throws {
        for acknowledgement in open.acknowledgements {
            guard let (index, end) = open.waiting.removeValue(forKey: acknowledgement.token.request) else {
                throw ModelFailure("request \(acknowledgement.token.request) is answered twice")
            }
            guard case .committed = acknowledgement.outcome, configurations[index].flushMessages <= 1 else { continue }
            acknowledged += 1
            models[index].acknowledgedEnd = max(models[index].acknowledgedEnd, end)
        }
        open.acknowledgements.removeAll()
        for (index, partition) in open.shards.flatMap(\.partitions) where configurations[index].flushMessages <= 1 {
            models[index].acknowledgedEnd = max(models[index].acknowledgedEnd, partition.highWatermark)
        }
    }

    private func writeCheckpoint(_ open: Life) throws {
        var points: [TopicPartition: Int64] = [:]
        for (index, partition) in open.shards.flatMap(\.partitions) { points[id(index)] = partition.log.recoveryPoint }
        try OffsetCheckpoint.recoveryPoint.write(points, in: PartitionModelRun.root, disk, sync: true)
    }

    /// A clean stop, as the shards make it: each closes its logs by a last round.
    mutating func stop(_ open: inout Life) throws {
        var isWhole = true
        for shard in open.shards.indices {
            performRound(shard, &open)
            var closing: [(log: Log, sync: LogSync)] = []
            for (_, partition) in open.shards[shard].partitions {
                if partition.log.failure != nil { isWhole = false }
                if let sync = partition.log.close() { closing.append((partition.log, sync)) }
            }
            switch open.rounds.perform(closing.map(\.sync)) {
            case .success(let remainders):
                for (member, remainder) in zip(closing, remainders) {
                    member.log.syncCompleted(member.sync, leaving: remainder)
                    if remainder != .none { isWhole = false }
                }
            case .failure(let error):
                isWhole = false
                for member in closing { member.log.syncFailed(error) }
            }
        }
        try writeCheckpoint(open)
        guard isWhole else { return note("not closed cleanly") }
        for (index, partition) in open.shards.flatMap(\.partitions) {
            models[index].acknowledgedEnd = partition.log.writtenOffset
        }
        try open.directory.markCleanShutdown(brokerEpoch: 1)
        note("closed")
    }
}
