import Bytes
import Files
import KafkaProtocol
import LogStorage
import Logging
import Replication

extension LocalPartition {
    /// Reads for one fetch: the checks of Kafka's leader in their order, then whole batches up to the mark that the
    /// reader may see. `then` runs at once, or later when the disk has to be waited for.
    ///
    /// - Parameters:
    ///   - budget: bytes that the answer still has room for.
    ///   - atLeastOneBatch: return the first batch even where it is larger than the limits (KIP-74).
    func fetch(
        _ target: FetchTarget, _ options: FetchOptions, budget: Int, atLeastOneBatch: Bool,
        then: @escaping (FetchedPartition) -> Void
    ) {
        if let settled = settleWithoutReading(target, options) { return then(settled) }
        let bound = bound(options)
        let room = min(budget, Int(max(target.maximumBytes, 0)))
        if let read = tail.read(
            from: target.fetchOffset, maximumBytes: room, upTo: bound, atLeastOneBatch: atLeastOneBatch),
            read.byteCount < FetchAnswer.fileThreshold
        {
            return then(fetched(.memory(read), target, options))
        }
        shard.descriptors.touch(log)
        let read = log.read(
            from: target.fetchOffset, maximumBytes: room, upTo: bound, atLeastOneBatch: atLeastOneBatch)
        consult(read) { [self] outcome in
            warm(outcome) { [self] outcome in then(fetched(outcome, target, options)) }
        }
    }

    /// What the page cache has lost is read by the pool first, so that writing the answer does not wait for the disk.
    private func warm(
        _ outcome: Result<LogReadOutcome, FileError>, then: @escaping (Result<LogReadOutcome, FileError>) -> Void
    ) {
        guard case .success(.bytes(let read)) = outcome, !log.isRecent(read) else { return then(outcome) }
        do throws(FileError) {
            if try read.isCached() { return then(outcome) }
        } catch {
            return then(.failure(error))
        }
        shard.runOnPool({ read.loadOutcome() }) { error in then(error.map { .failure($0) } ?? outcome) }
    }

    /// Errors, a diverging epoch, and the marks alone where there is nothing to read.
    private func settleWithoutReading(_ target: FetchTarget, _ options: FetchOptions) -> FetchedPartition? {
        if options.replicaID >= 0 { return FetchedPartition(error: .notLeaderOrFollower) }
        if let error = checkLeaderEpoch(target.currentLeaderEpoch) { return FetchedPartition(error: error) }
        if target.lastFetchedEpoch >= 0 {
            guard let end = log.offset(forLeaderEpoch: target.lastFetchedEpoch) else {
                return FetchedPartition(error: .offsetOutOfRange)
            }
            if end.epoch < target.lastFetchedEpoch || end.endOffset < target.fetchOffset {
                var diverging = marks(options)
                diverging.divergingEpoch = (end.epoch, end.endOffset)
                return diverging
            }
        }
        guard target.fetchOffset >= log.logStartOffset, target.fetchOffset <= log.logEndOffset else {
            return FetchedPartition(error: .offsetOutOfRange)
        }
        guard target.fetchOffset >= bound(options) else { return nil }
        tail.visited()
        return marks(options)
    }

    private func fetched(
        _ records: FetchedRecords, _ target: FetchTarget, _ options: FetchOptions
    ) -> FetchedPartition {
        var fetched = marks(options)
        fetched.records = records
        if options.readsCommitted {
            fetched.abortedTransactions = log.abortedTransactions(from: target.fetchOffset, to: bound(options))
        }
        return fetched
    }

    private func fetched(
        _ outcome: Result<LogReadOutcome, FileError>, _ target: FetchTarget, _ options: FetchOptions
    ) -> FetchedPartition {
        switch outcome {
        case .success(.bytes(let read)):
            // The reader has caught up, and comes back for what is written next.
            if read.nextOffset >= bound(options) { tail.visited() }
            return fetched(.file(read), target, options)
        case .success(.empty):
            var fetched = marks(options)
            fetched.wasLeftOut = true
            return fetched
        case .success(.offsetOutOfRange): return FetchedPartition(error: .offsetOutOfRange)
        case .success(.corrupt(let offsets)):
            shard.reportCorruption(partition.id, offsets)
            return FetchedPartition(error: .corruptMessage)
        case .failure(let error):
            shard.log.error(
                "a read failed",
                metadata: [
                    "topic": "\(partition.id.topic)", "partition": .init(partition.id.partition), "error": "\(error)",
                ])
            return FetchedPartition(error: .kafkaStorageError)
        }
    }

    /// The offset at which such a reader has to stop.
    private func bound(_ options: FetchOptions) -> Int64 {
        options.readsCommitted ? partition.lastStableOffset : partition.highWatermark
    }

    /// KIP-320: nil where the client's epoch is ours, or it does not know one.
    func checkLeaderEpoch(_ epoch: Int32) -> ErrorCode? {
        if epoch < 0 || epoch == partition.leaderEpoch { return nil }
        return epoch < partition.leaderEpoch ? .fencedLeaderEpoch : .unknownLeaderEpoch
    }

    private func marks(_ options: FetchOptions) -> FetchedPartition {
        var fetched = FetchedPartition()
        if options.readsCommitted { fetched.abortedTransactions = [] }
        fetched.highWatermark = partition.highWatermark
        fetched.lastStableOffset = partition.lastStableOffset
        fetched.logStartOffset = log.logStartOffset
        return fetched
    }
}

extension LogRead {
    fileprivate func loadOutcome() -> FileError? {
        do throws(FileError) {
            try load()
            return nil
        } catch {
            return error
        }
    }
}
