import Bytes
import Files
import Records

extension Log {
    /// Gives one verified batch its place in the log: checks it against its producer's earlier ones, stamps offset and
    /// leader epoch into it, and stages it. `batch` must stay as it is until the end of the tick.
    ///
    /// - Parameter now: milliseconds since 1970.
    public func append(
        _ batch: UnsafeMutableRawBufferPointer, leaderEpoch: Int32, now: Int64, origin: AppendOrigin = .client
    ) -> AppendOutcome {
        guard failure == nil else { return .rejected(.storage) }
        guard let view = try? RecordBatchView(UnsafeRawBufferPointer(batch)), view.bytes.count == batch.count else {
            return .rejected(.corruptMessage)
        }
        var header = view.header
        if let error = limits(header, origin) { return .rejected(error) }
        if origin != .replication {
            header.baseOffset = logEndOffset
            header.partitionLeaderEpoch = leaderEpoch
        }
        guard header.hasPlausibleOffsets else { return .rejected(.corruptMessage) }
        guard header.baseOffset >= logEndOffset else { return .rejected(.outOfOrderOffset) }
        let marker = EndTransactionMarker(controlBatch: view)
        if header.hasProducerId {
            switch producers.verdict(on: header, marker: marker, origin: origin) {
            case .accepted: break
            case .rejected(let error): return .rejected(error)
            case .duplicate(let known):
                return .duplicate(
                    AppendedBatch(
                        baseOffset: known.firstOffset, lastOffset: known.lastOffset, maxTimestamp: known.timestamp))
            }
        }
        if origin != .replication { stamp(batch, header) }
        prepareStaging(for: header, now: now)
        stage(UnsafeRawBufferPointer(batch), header, marker: marker)
        return .appended(
            AppendedBatch(
                baseOffset: header.baseOffset, lastOffset: header.lastOffset, maxTimestamp: header.maxTimestamp))
    }

    private func limits(_ header: RecordBatchHeader, _ origin: AppendOrigin) -> AppendError? {
        if origin == .client, header.totalSize > configuration.maxMessageBytes { return .messageTooLarge }
        if Int64(header.totalSize) > configuration.segmentLimit, origin != .replication { return .recordListTooLarge }
        return nil
    }

    private func stamp(_ batch: UnsafeMutableRawBufferPointer, _ header: RecordBatchHeader) {
        guard let view = try? MutableRecordBatchView(batch) else { preconditionFailure("the batch was just read") }
        view.assign(baseOffset: header.baseOffset, partitionLeaderEpoch: header.partitionLeaderEpoch)
    }

    /// Rolls if the batch needs a new segment, and sees to it that the last staged write is one that can still grow.
    private func prepareStaging(for header: RecordBatchHeader, now: Int64) {
        let mustRoll = needsRoll(for: header, now: now)
        let isTaken = isWriteInFlight && staged.count == 1
        guard mustRoll || isTaken || staged.isEmpty else { return }
        let before = savepoint
        let snapshot = mustRoll ? beginSegment(now: now) : nil
        staged.append(
            StagedWrite(
                segment: segments.active.baseOffset, position: segments.active.size, before: before, snapshot: snapshot)
        )
    }

    private func stage(_ bytes: UnsafeRawBufferPointer, _ header: RecordBatchHeader, marker: EndTransactionMarker?) {
        let group = staged.count - 1
        segments.active.add(header, at: segments.active.size, indexInterval: configuration.indexIntervalBytes)
        logEndOffset = header.nextOffset
        if epochs.assign(header.partitionLeaderEpoch, startOffset: header.baseOffset) { areEpochsDirty = true }
        if header.hasProducerId, marker != nil || !header.attributes.isControl {
            staged[group].replacedProducers += producers.makeRoom(for: header.producerId)
            staged[group].replacedProducers.append((header.producerId, producers.entries[header.producerId]))
            if let completed = producers.apply(header, marker: marker), completed.isAborted {
                segments.active.abortedTransactions.append(AbortedTransaction(completed))
            }
        }
        staged[group].pieces.append(bytes)
        staged[group].byteCount += Int64(bytes.count)
    }

    private var savepoint: Savepoint {
        Savepoint(
            logEndOffset: logEndOffset, tail: segments.active.tail, transactions: producers.transactions,
            epochs: epochs)
    }
}

// MARK: - Rolling

extension Log {
    private func needsRoll(for header: RecordBatchHeader, now: Int64) -> Bool {
        if segments.active.isEmpty { return segments.active.relative(header.lastOffset) == nil }
        return segments.active.size + Int64(header.totalSize) > configuration.segmentLimit
            || segments.active.offsetIndex.count >= configuration.indexCapacity(entrySize: OffsetIndexEntry.size)
            || segments.active.timeIndex.count >= configuration.indexCapacity(entrySize: TimeIndexEntry.size)
            || segments.active.relative(header.lastOffset) == nil
            || ageOfActive(at: header.maxTimestamp, now: now) > configuration.rollMs - jitter
    }

    /// By the records' own time where they have one.
    private func ageOfActive(at timestamp: Int64, now: Int64) -> Int64 {
        if let first = segments.active.firstTimestamp, first >= 0, timestamp >= 0 { return timestamp - first }
        return now - segments.active.createdAt
    }

    /// A part of `segment.jitter.ms` that differs from log to log and from segment to segment, but not from run to run.
    private var jitter: Int64 {
        let most = min(configuration.segmentJitterMs, configuration.rollMs)
        guard most > 0 else { return 0 }
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ UInt64(bitPattern: segments.active.baseOffset)
        for byte in directory.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return Int64(hash % UInt64(most))
    }

    /// Begins a new segment in memory. The disk learns of it by its first write; the one before is sealed when that is
    /// done. Answers the producers as they are at its beginning.
    private func beginSegment(now: Int64) -> WaitingSnapshot {
        segments.active.addTimeIndexEntry()
        segments.active.isSealed = true
        let snapshot = WaitingSnapshot(
            offset: logEndOffset, bytes: ProducerSnapshot.encode(producers), beginsSegment: true)
        segments.segments.append(Segment(baseOffset: logEndOffset, createdAt: now))
        return snapshot
    }

    /// Begins a new segment between two ticks.
    func roll(now: Int64) {
        precondition(staged.isEmpty, "a segment with staged batches is rolled by an append only")
        sealed(segments.segments.count - 1, with: beginSegment(now: now))
    }

    /// All of a segment that has a successor is written.
    func sealed(_ index: Int, with snapshot: WaitingSnapshot) {
        segments.segments[index].needsSealing = true
        waitingSnapshots.append(snapshot)
        bytesSinceSnapshot = 0
    }
}

// MARK: - Taking back

extension Log {
    /// Takes back everything that is staged, the newest first.
    func revertStaged() {
        guard let oldest = staged.first else { return }
        for group in staged.reversed() {
            for (id, entry) in group.replacedProducers.reversed()
            where !PlantedBug.failedWriteKeepsProducers.isOn { producers.revert(producerID: id, to: entry) }
            if group.snapshot != nil {
                segments.segments.removeLast()
                segments.active.isSealed = false
            }
            segments.active.revert(to: group.before.tail)
        }
        logEndOffset = oldest.before.logEndOffset
        producers.revert(to: oldest.before.transactions)
        epochs = oldest.before.epochs
        // Records may have been deleted, and the epochs stored, since then.
        epochs.truncate(before: logStartOffset)
        areEpochsDirty = true
        staged.removeAll(keepingCapacity: true)
        generation += 1
    }
}
