import Bytes
import Configuration
import DiskScheduler
import Files
import LogStorage
import Logging
import Replication
import Runtime

/// Compacts the logs of one shard: of each directory the one with the largest dirty part, one after another.
///
/// A partition is *clean*, *due*, *being compacted* or *uncleanable*: one in which compaction met damage is left as it is
/// until the broker is started anew.
final class ShardCompactor {
    private struct Key: Hashable {
        let topicID: UUID
        let partition: Int32

        init(_ local: LocalPartition) {
            topicID = local.partition.topicID
            partition = local.partition.id.partition
        }
    }

    private unowned let shard: BrokerShard
    /// By directory.
    private var running: [Int: RunningCompaction] = [:]
    private var uncleanable: Set<Key> = []
    /// What waits for the end of a compaction in the topic.
    private var waiting: [(topicID: UUID, action: () -> Void)] = []
    private var isStopped = false
    private var statistics = CompactionReport()
    private let log = Logger(label: "log")

    init(_ shard: BrokerShard) { self.shard = shard }

    private var settings: BrokerConfiguration.Compaction { shard.configuration.compaction }

    /// Looks for something to compact from now on.
    func start() {
        shard.loop.schedule(after: .milliseconds(max(settings.backoff, 1))) { [unowned self] in
            compact()
            if !isStopped { start() }
        }
    }

    /// Ends what is under way; nothing is begun any more.
    func stop() {
        isStopped = true
        for compaction in running.values { compaction.stop() }
    }

    var isIdle: Bool { running.isEmpty }

    /// Runs `action` when no log of the topic is being compacted, which is brought about.
    func end(_ topicID: UUID, then action: @escaping () -> Void) {
        uncleanable = uncleanable.filter { $0.topicID != topicID }
        let ending = running.values.filter { $0.topicID == topicID }
        if ending.isEmpty { return action() }
        for compaction in ending { compaction.stop() }
        waiting.append((topicID, action))
    }

    // MARK: Choosing

    private func compact() {
        guard !isStopped, settings.isEnabled, settings.threads > 0 else { return }
        statistics.lastLook = shard.loop.now
        for directory in shard.context.directories.indices
        where running[directory] == nil && !shard.disk.isFailed(directory) {
            guard let local = dirtiest(directory) else { continue }
            guard shard.context.compactionSlots.take(directory, limit: settings.threads) else { continue }
            if !begin(local) { shard.context.compactionSlots.giveBack(directory) }
        }
    }

    private func dirtiest(_ directory: Int) -> LocalPartition? {
        var found: (local: LocalPartition, ratio: Double)?
        var dirtiest = 0.0
        defer { statistics.dirtyRatios[directory] = dirtiest }
        for local in shard.localPartitions
        where local.directory == directory && local.rules.log.cleanupPolicy.contains(.compact)
            && !uncleanable.contains(Key(local)) && shard.moves[local.partition.id] == nil
        {
            let need = local.log.compactionNeed(
                lastStableOffset: local.partition.lastStableOffset, now: shard.loop.wallClockMs)
            switch need {
            case .answer(let need):
                dirtiest = max(dirtiest, need.dirtyRatio)
                if need.isDue, need.dirtyRatio > found?.ratio ?? -1 { found = (local, need.dirtyRatio) }
            case .needsDisk:
                // The next look finds in memory what this one brings in.
                local.consult(need) { _ in }
            case .failed(let error):
                log.warning(
                    "a log could not be examined for compaction",
                    metadata: ["partition": "\(local.partition.id)", "error": "\(error)"])
            }
        }
        return found?.local
    }

    // MARK: Running

    private func begin(_ local: LocalPartition) -> Bool {
        let now = shard.loop.wallClockMs
        guard
            let compaction = local.log.beginCompaction(lastStableOffset: local.partition.lastStableOffset, now: now)
        else { return false }
        let options = options(now: now)
        let running = RunningCompaction(
            topicID: local.partition.topicID, id: local.partition.id, home: shard.peers[shard.index],
            bytesPerSecond: settings.bytesPerSecond.map { $0 / Double(settings.threads) })
        let directory = local.directory
        do {
            try shard.loop.run(
                on: shard.context.compactors,
                job: { () -> Result<CompactionResult, CompactionError> in
                    do throws(CompactionError) {
                        return .success(try compaction.run(options, running))
                    } catch {
                        return .failure(error)
                    }
                }, then: { [self] outcome in finished(running, directory, outcome) })
        } catch {
            local.log.endCompaction(nil)
            return false
        }
        self.running[directory] = running
        return true
    }

    private func options(now: Int64) -> CompactionOptions {
        var options = CompactionOptions(secret: (shard.random.next(), shard.random.next()), now: now)
        options.mapBytes = settings.mapBytes / settings.threads
        options.mapLoadFactor = settings.mapLoadFactor
        options.bufferBytes = max(settings.bufferBytes / settings.threads / 2, 4096)
        options.maximumDecompressedSize = shard.context.configuration.logs.maximumDecompressedBytes
        return options
    }

    private func finished(
        _ compaction: RunningCompaction, _ directory: Int, _ outcome: Result<CompactionResult, CompactionError>
    ) {
        running[directory] = nil
        shard.context.compactionSlots.giveBack(directory)
        if let local = shard.local(compaction.topicID, compaction.id.partition) {
            local.log.endCompaction(try? outcome.get())
            shard.moved[compaction.id] = local
            report(local, outcome, compaction.duration)
            note(outcome, directory, compaction.duration)
            // What retention had to leave alone meanwhile.
            local.enforceRetention()
        }
        let released = waiting.filter { $0.topicID == compaction.topicID }
        waiting.removeAll { $0.topicID == compaction.topicID }
        for (_, action) in released { action() }
        if case .success = outcome { compact() }
    }

    private func note(
        _ outcome: Result<CompactionResult, CompactionError>, _ directory: Int, _ duration: Interval
    ) {
        guard case .success(let result) = outcome else { return }
        statistics.finished += 1
        statistics.bytesRead += result.bytesBefore
        statistics.bytesWritten += result.bytesAfter
        statistics.passes[directory] = CompactionReport.Pass(
            duration: duration, tableUse: result.tableUse,
            recopied: result.bytesBefore > 0 ? Double(result.bytesAfter) / Double(result.bytesBefore) : 0)
    }

    /// How it stands, for the metrics.
    func report() -> CompactionReport {
        var report = statistics
        for key in uncleanable {
            guard let local = shard.local(key.topicID, key.partition) else { continue }
            report.uncleanable[local.directory, default: .init()].partitions += 1
            report.uncleanable[local.directory, default: .init()].bytes += local.log.size
        }
        return report
    }

    private func report(
        _ local: LocalPartition, _ outcome: Result<CompactionResult, CompactionError>, _ duration: Interval
    ) {
        let id = local.partition.id
        var metadata: LogMetadata = ["topic": "\(id.topic)", "partition": .init(id.partition)]
        switch outcome {
        case .success(let result):
            metadata["end"] = .init(result.cleanedOffset)
            metadata["keys"] = .init(result.keys)
            metadata["before"] = .init(result.bytesBefore)
            metadata["after"] = .init(result.bytesAfter)
            metadata["ms"] = .init(duration.milliseconds)
            log.info("compacted", metadata: metadata)
        case .failure(.cancelled): break
        case .failure(.file(let error)) where error.passes:
            metadata["error"] = "\(error)"
            log.warning("a log was not compacted: it will be tried again", metadata: metadata)
        case .failure(let error):
            uncleanable.insert(Key(local))
            metadata["error"] = "\(error)"
            log.error("a log cannot be compacted: it is left as it is until the next start", metadata: metadata)
        }
    }
}
