import Bytes
import Files
import LogStorage
import Records
import Simulator
import Testing

extension LogHarness {
    @discardableResult
    func append(_ records: [Keyed], _ options: KeyedOptions = KeyedOptions(), leaderEpoch: Int32 = 0) throws
        -> AppendOutcome
    { try append(keyedBatch(records, options), leaderEpoch: leaderEpoch) }

    func end(_ outcome: EndTransactionMarker.Outcome, _ id: Int64, epoch: Int16 = 0) throws {
        let marker = EndTransactionMarker(outcome, coordinatorEpoch: 0)
            .batch(producerId: id, producerEpoch: epoch, timestamp: 1_700_000_000_000)
        let appended = try append(marker.all.bytes, origin: .coordinator)
        #expect(appended.error == nil)
    }

    /// Appends records of a key that no test looks at until the segments before are sealed.
    func roll() throws {
        let count = log.segmentCount
        while log.segmentCount == count {
            try append([Keyed("filler", String(repeating: "f", count: 1000))])
        }
    }

    var need: CompactionNeed { need(lastStableOffset: log.lastStableOffset(highWatermark: log.logEndOffset)) }

    func need(lastStableOffset: Int64) -> CompactionNeed {
        settle(log.compactionNeed(lastStableOffset: lastStableOffset, now: now))
    }

    /// One pass over all that may be compacted.
    @discardableResult
    func compact(_ change: (inout CompactionOptions) -> Void = { _ in }, host: DirectHost? = nil) throws
        -> CompactionResult?
    {
        log.highWatermarkAdvanced(to: log.logEndOffset)
        let stable = log.lastStableOffset(highWatermark: log.logEndOffset)
        guard let compaction = log.beginCompaction(lastStableOffset: stable, now: now) else { return nil }
        var options = CompactionOptions(secret: (7, 11), now: now)
        change(&options)
        do {
            let result = try compaction.run(options, host ?? DirectHost(log))
            log.endCompaction(result)
            return result
        } catch {
            log.endCompaction(nil)
            throw error
        }
    }

    /// All batches that can be read from `offset` on, with their records.
    func batches(from offset: Int64? = nil) throws -> [StoredBatch] {
        var next = offset ?? log.logStartOffset
        var found: [StoredBatch] = []
        while next < log.writtenOffset {
            let bytes = try bytes(from: next, maximumBytes: 1 << 20)
            guard !bytes.isEmpty else { break }
            try bytes.withUnsafeBytes { buffer in
                var batches = RecordBatches(buffer)
                while let batch = try batches.next() { found.append(try StoredBatch(batch)) }
            }
            guard let last = found.last, last.header.lastOffset >= next else { break }
            next = last.header.nextOffset
        }
        return found
    }

    /// The records but for those of `roll`.
    func records() throws -> [Stored] {
        try batches().filter { !$0.header.attributes.isControl }.flatMap(\.records).filter { $0.key != "filler" }
    }

    /// Keys and values as a reader of all records ends up with them.
    func table() throws -> [String: String] {
        var table: [String: String] = [:]
        for record in try records() { if let key = record.key { table[key] = record.value } }
        return table
    }

    func names(_ suffix: String = "") throws -> [String] {
        try fileSystem.list(directory).filter { $0.hasSuffix(suffix) }
    }
}

extension LogConfiguration {
    /// A compacted topic with small segments.
    static var compacted: LogConfiguration {
        var configuration = LogConfiguration.small
        configuration.cleanupPolicy = .compact
        configuration.minCleanableDirtyRatio = 0.01
        return configuration
    }
}
