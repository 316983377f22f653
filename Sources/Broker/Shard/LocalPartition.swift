import Bytes
import Configuration
import DiskScheduler
import Files
import KafkaProtocol
import LogStorage
import Logging
import Records
import Replication
import Runtime

/// A partition that this shard owns: its leader's state, its rules, and its place in the disk work of the shard.
final class LocalPartition {
    let partition: Partition
    let directory: Int
    let metrics: TopicMetrics
    /// Not counted: it is read for every batch, and the shard, which owns its partitions, outlives them.
    unowned(unsafe) let shard: BrokerShard
    let tail: TailCache.Tail
    private(set) var rules: PartitionRules
    var isStaged = false
    /// Other shards whose fetches wait for this partition, at most one watcher for each.
    var watchers: [PeerWatcher] = []
    private var hasFlushTimer = false
    /// The first segments of deletions whose files still have their names: a restart would find them.
    private var deletedSegments: [Int64] = []
    /// A start of the log that a restart would find; its own may be further on, where that could not be stored.
    var keptStart: Int64
    /// Deletions whose files are to be renamed, one after the other; the first is under way.
    var deletions: [SegmentDeletion] = []
    /// False shortly before the partition moves to another log directory.
    var takesAppends = true

    init(
        _ partition: Partition, directory: Int, rules: PartitionRules, metrics: TopicMetrics, shard: BrokerShard
    ) {
        self.partition = partition
        self.directory = directory
        self.rules = rules
        self.metrics = metrics
        self.shard = shard
        tail = shard.tails.makeTail()
        keptStart = partition.log.logStartOffset
    }

    var log: Log { partition.log }

    /// Where the log would begin if a restart knew only its files.
    var firstSegmentOffset: Int64 { min(log.firstSegmentOffset, deletedSegments.min() ?? .max) }

    func deletionBegan(at base: Int64) { deletedSegments.append(base) }

    /// The files have other names now, durably.
    func deletionEnded(at base: Int64) {
        deletedSegments.removeAll { $0 == base }
        if shard.local(partition.topicID, partition.id.partition) === self { shard.moved[partition.id] = self }
    }

    func reconfigure(_ configuration: TopicConfiguration) {
        rules = PartitionRules(configuration, logs: shard.context.configuration.logs)
        log.configure(rules.log)
    }

    /// Follows a question to the log to its end: on the blocking pool where the disk has to be waited for.
    func consult<Value>(_ question: Consulted<Value>, then: @escaping (Result<Value, FileError>) -> Void) {
        switch question {
        case .answer(let value): then(.success(value))
        case .failed(let error): then(.failure(error))
        case .needsDisk(let job):
            shard.runOnPool({ job.run() }) { [self] result in consult(log.finish(result), then: then) }
        }
    }

    /// Ends the partition: who waits for it is told, and nothing of it is kept. Its files are the caller's.
    func close() {
        shard.endCoordinator(of: self)
        partition.close(into: &shard.acknowledgements)
        tail.clear()
        shard.descriptors.remove(log)
        shard.moved[partition.id] = nil
    }

    // MARK: Produce

    /// Checks a client's batch and stages it.
    ///
    /// - Parameter records: the field of the request, which is stamped in place and has to stay valid until the end of
    ///   the tick.
    func append(_ records: UnsafeMutableRawBufferPointer, _ options: ProduceOptions, index: Int32) -> ProducedPartition
    {
        metrics.counts.produceRequests &+= 1
        guard partition.failure == nil, !shard.disk.isFailed(directory) else {
            return ProducedPartition(index: index, error: .kafkaStorageError)
        }
        guard takesAppends else { return ProducedPartition(index: index, error: .notLeaderOrFollower) }
        let now = shard.loop.wallClockMs
        let verifier = BatchVerifier(
            rules: rules.verification, produceVersion: options.version, now: now, scratch: shard.codecs)
        let facts: BatchFacts
        do throws(BatchRejection) {
            facts = try verifier.verify(UnsafeRawBufferPointer(records))
        } catch {
            metrics.rejected(ErrorCode(rawValue: error.errorCode), bytes: records.count)
            return rejected(error, index: index)
        }
        // Until transactions are served none may be opened that nobody can end.
        if facts.header.attributes.isTransactional { return ProducedPartition(index: index, error: .invalidTxnState) }
        guard let batch = prepare(records, facts) else {
            return ProducedPartition(index: index, error: .corruptMessage)
        }
        return stage(batch, facts, options, index: index, now: now)
    }

    /// The batch in the form in which it is stored: in place where that is possible.
    private func prepare(_ records: UnsafeMutableRawBufferPointer, _ facts: BatchFacts)
        -> UnsafeMutableRawBufferPointer?
    {
        let size = facts.header.totalSize
        let batch = UnsafeMutableRawBufferPointer(rebasing: records[..<min(size, records.count)])
        if facts.needsRebuild(for: rules.compression) {
            return shard.rebuild(UnsafeRawBufferPointer(batch), facts, rules)
        }
        if let stamp = facts.stamp {
            guard let view = try? MutableRecordBatchView(batch) else { return nil }
            view.apply(stamp)
        }
        return batch
    }

    private func stage(
        _ batch: UnsafeMutableRawBufferPointer, _ facts: BatchFacts, _ options: ProduceOptions, index: Int32, now: Int64
    ) -> ProducedPartition {
        var produced = ProducedPartition(index: index)
        produced.logStartOffset = log.logStartOffset
        let token = options.acks == 0 ? nil : options.token
        switch log.append(batch, leaderEpoch: partition.leaderEpoch, now: now) {
        case .appended(let appended):
            partition.appended(endOffset: appended.lastOffset + 1, bytes: batch.count, token: token)
            metrics.appended(messages: appended.lastOffset - appended.baseOffset + 1, bytes: batch.count)
            produced.baseOffset = appended.baseOffset
            if rules.verification.timestampType == .logAppendTime { produced.logAppendTimeMs = appended.maxTimestamp }
            produced.isWaiting = token != nil
            shard.disk.stage(self, bytes: batch.count)
        case .duplicate(let earlier):
            produced.baseOffset = earlier.baseOffset
            produced.logAppendTimeMs = earlier.maxTimestamp
            if earlier.lastOffset >= partition.highWatermark, let token {
                partition.wait(for: earlier.lastOffset + 1, token: token)
                produced.isWaiting = true
            }
        case .rejected(let error):
            produced.error = ErrorCode(rawValue: error.code)
            metrics.rejected(produced.error, bytes: batch.count)
            if error == .recordListTooLarge { produced.logStartOffset = -1 }
        }
        return produced
    }

    private func rejected(_ rejection: BatchRejection, index: Int32) -> ProducedPartition {
        var produced = ProducedPartition(index: index, error: ErrorCode(rawValue: rejection.errorCode))
        if !rejection.isOfField,
            [.invalidRecord, .invalidTimestamp, .unsupportedCompressionType].contains(rejection.reason)
        {
            produced.logStartOffset = log.logStartOffset
        }
        if rejection.isMessageForClient || !rejection.recordErrors.isEmpty {
            produced.details = ProduceErrorDetails(
                message: rejection.clientMessage,
                recordErrors: rejection.recordErrors.map { .init(batchIndex: $0.batchIndex, message: $0.message) })
        }
        shard.log.debug(
            "rejected batch",
            metadata: [
                "topic": "\(partition.id.topic)", "partition": .init(partition.id.partition),
                "error": .init(rejection.errorCode), "reason": "\(rejection.message)",
            ])
        return produced
    }

    /// Syncs what is written now or after `flush.ms`, by the rules of a topic that does not sync before it acknowledges.
    private func scheduleFlush() {
        guard rules.flushMessages > 1, rules.log.flushMs < Int64.max, !hasFlushTimer,
            log.syncedOffset < log.writtenOffset
        else { return }
        hasFlushTimer = true
        shard.loop.schedule(after: .milliseconds(rules.log.flushMs)) { [weak self] in
            guard let self else { return }
            hasFlushTimer = false
            if log.syncedOffset < log.writtenOffset { shard.disk.requestSync(self) }
        }
    }
}

extension LocalPartition: DiskClient {
    /// Larger reads go from the file to the socket without a copy, so none is worth keeping.
    var keepsWrites: Bool { tail.isWanted && log.nextWriteBytes < FetchAnswer.fileThreshold }

    func diskWritten(_ offsets: Range<Int64>, in buffers: [Buffer]?) {
        tail.written(offsets, in: buffers)
        shard.descriptors.touch(log)
        shard.directoryWritten(directory)
        advance()
        scheduleFlush()
    }

    func diskSynced() { advance() }

    private func advance() {
        partition.advance(into: &shard.acknowledgements)
        if !partition.isClosed { shard.moved[partition.id] = self }
    }

    func diskFull(_ error: FileError) {
        partition.revert(to: log.logEndOffset, because: .outOfSpace, into: &shard.acknowledgements)
        shard.directoryFull(directory, error)
    }

    func diskFailed(_ error: FileError) {
        partition.fail(.fenced, into: &shard.acknowledgements)
        shard.directoryFailed(directory, error)
    }
}

extension StorageFailure {
    /// What a client is told.
    var errorCode: ErrorCode {
        switch self {
        case .outOfSpace, .fenced: .kafkaStorageError
        case .closed: .notLeaderOrFollower
        }
    }
}
