import Bytes
import Configuration
import DiskScheduler
import Files
import KafkaProtocol
import LogStorage
import Logging
import Replication
import Runtime

/// Work that no request asks for: retention, producers that fell silent, checkpoints, idle descriptors.
extension BrokerShard {
    /// How often the control plane is told where the logs stand, at most (decisions: recovery point).
    private static let checkpointInterval = Interval.milliseconds(200)

    private static let quotaInterval = Interval.seconds(600)
    private static let memoryInterval = Interval.seconds(5)
    /// Freed memory that is kept, as taking it anew would cost more than it is worth.
    private static let memorySlack = 4 << 20

    func startMaintenance() {
        let logs = context.configuration.logs
        loop.schedule(after: .milliseconds(logs.initialTaskDelay)) { [unowned self] in enforceRetention() }
        every(.milliseconds(logs.producerIdExpirationCheckInterval)) { [unowned self] in expireProducers() }
        every(BrokerShard.checkpointInterval) { [unowned self] in reportCheckpoints() }
        every(BrokerShard.quotaInterval) { [unowned self] in quotas.expire() }
        every(BrokerShard.memoryInterval) { [unowned self] in releaseMemory() }
        compactor.start()
    }

    /// What requests and connections left in the allocator goes back to the kernel.
    private func releaseMemory() {
        FreedMemory.releaseEndOfOwnHeap(above: BrokerShard.memorySlack)
        guard index == 0 else { return }
        runOnPool({ FreedMemory.release(above: BrokerShard.memorySlack) }, then: { _ in })
    }

    private func every(_ interval: Interval, _ action: @escaping () -> Void) {
        loop.schedule(after: interval) { [unowned self] in
            action()
            every(interval, action)
        }
    }

    var localPartitions: some Sequence<LocalPartition> {
        topics.entries.lazy.flatMap { $0.partitions.lazy.compactMap(\.partition) }
    }

    // MARK: Retention

    private func enforceRetention() {
        for local in localPartitions { local.enforceRetention() }
        loop.schedule(after: .milliseconds(context.configuration.logs.retentionCheckInterval)) { [unowned self] in
            enforceRetention()
        }
    }

    private func expireProducers() {
        let now = loop.wallClockMs
        let limit = configuration.logs.producerIdExpiration
        for local in localPartitions { local.log.expireProducers(now: now, after: limit) }
    }

    // MARK: Checkpoints

    /// Tells the control plane of every log that moved since it was told last.
    func reportCheckpoints() {
        descriptors.trim()
        groups.log.settle(at: loop.nowMs)
        guard !moved.isEmpty else { return }
        let entries = moved.values.map(\.checkpoint)
        moved.removeAll(keepingCapacity: true)
        control?.post(.checkpoint(entries))
    }
}

extension BrokerShard {
    /// Has a checkpoint put on the disk; `then` hears whether it is there.
    func keep(_ checkpoint: CheckpointEntry, then: @escaping (Bool) -> Void) {
        let ticket = answers.issue { then($0 as? Bool ?? false) }
        let home = peers[index]
        control?.post(.checkpointNow(checkpoint) { kept in home.post(.call { $0.redeem(ticket, kept) }) })
    }
}

extension LocalPartition {
    /// Where the log stands, for the next start.
    var checkpoint: CheckpointEntry {
        CheckpointEntry(
            id: partition.id, directory: directory, recoveryPoint: log.recoveryPoint,
            logStartOffset: log.logStartOffset,
            firstSegmentOffset: firstSegmentOffset, highWatermark: partition.highWatermark,
            cleanedOffset: log.cleanedOffset)
    }

    /// Drops segments that are too old or too many. The files go by the blocking pool, after `file.delete.delay.ms`.
    func enforceRetention() {
        consult(log.confirmTimes(now: shard.loop.wallClockMs)) { [weak self] _ in self?.deleteSegments() }
    }

    private func deleteSegments() {
        let now = shard.loop.wallClockMs
        guard let deletion = log.enforceRetention(now: now, highWatermark: partition.highWatermark) else { return }
        for segment in deletion.segments {
            shard.log.info(
                "deleting segment",
                metadata: [
                    "topic": "\(partition.id.topic)", "partition": .init(partition.id.partition),
                    "base": .init(segment.baseOffset), "bytes": .init(segment.size), "reason": "\(segment.reason)",
                ])
        }
        shard.moved[partition.id] = self
        partition.logStartMoved()
        // Until the files have other names the checkpoint alone tells where the log starts.
        deletionBegan(at: deletion.firstOffset)
        deletions.append(deletion)
        if deletions.count == 1 { renameNext() }
    }

    /// Renames the files of the first deletion; where there is no room for what that needs, tries again until there is.
    private func renameNext() {
        guard !partition.isClosed, let deletion = deletions.first else { return }
        let (context, directory) = (shard.context, directory)
        shard.runOnPool({ (isShort: context.isShortOfRoom(directory), error: deletion.renamed()) }) {
            [weak self] (isShort, error) in
            guard let self else { return }
            if isShort { shard.makeRoom(in: directory) }
            if let error {
                if error.passes { return tryAgain() }
                shard.log.warning("segments were not renamed for deletion", metadata: ["error": "\(error)"])
            } else {
                deletionEnded(at: deletion.firstOffset)
            }
            shard.removeLater(in: directory, after: deletion.delayMs) { deletion.removed() }
            deletions.removeFirst()
            renameNext()
        }
    }

    private func tryAgain() {
        shard.makeRoom(in: directory)
        shard.loop.schedule(after: LocalPartition.retryInterval) { [weak self] in self?.renameNext() }
    }

    private static let retryInterval = Interval.seconds(1)
    /// How often it is tried to keep where a log starts, while what lay before makes room for that.
    private static let startAttempts = 5

    struct Refusal: Error, Sendable { let error: ErrorCode }

    /// DeleteRecords: raises the log start. `then` runs when a restart would find it.
    func deleteRecords(before offset: Int64, then: @escaping (Result<Int64, Refusal>) -> Void) {
        let policy = rules.log.cleanupPolicy
        if policy.contains(.compact), !policy.contains(.delete) {
            return then(.failure(Refusal(error: .policyViolation)))
        }
        let wanted = offset == -1 ? partition.highWatermark : offset
        guard wanted >= 0, wanted <= partition.highWatermark else {
            return then(.failure(Refusal(error: .offsetOutOfRange)))
        }
        if log.deleteRecords(before: wanted) {
            partition.logStartMoved()
            enforceRetention()
            shard.disk.requestSync(self)
        } else if wanted <= keptStart {
            return then(.success(log.logStartOffset))
        }
        keepStart(log.logStartOffset, attempts: LocalPartition.startAttempts, then)
    }

    private func keepStart(
        _ start: Int64, attempts: Int, _ then: @escaping (Result<Int64, Refusal>) -> Void
    ) {
        guard !partition.isClosed else { return then(.failure(Refusal(error: .notLeaderOrFollower))) }
        shard.keep(checkpoint) { [self] isKept in
            if isKept {
                keptStart = max(keptStart, start)
                return then(.success(start))
            }
            guard attempts > 1 else { return then(.failure(Refusal(error: .kafkaStorageError))) }
            shard.makeRoom(in: directory)
            shard.loop.schedule(after: LocalPartition.retryInterval) { [self] in
                keepStart(start, attempts: attempts - 1, then)
            }
        }
    }
}

extension SegmentDeletion {
    fileprivate var firstOffset: Int64 { segments.first?.baseOffset ?? 0 }
    fileprivate func renamed() -> FileError? { outcome(rename) }
    fileprivate func removed() -> FileError? { outcome(remove) }

    private func outcome(_ action: () throws(FileError) -> Void) -> FileError? {
        do throws(FileError) {
            try action()
            return nil
        } catch {
            return error
        }
    }
}
