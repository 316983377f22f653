import Bytes
import Files
import LogStorage
import Records

/// One log of a compacted topic through several lives on one simulated disk: keyed records with and without transactions,
/// passes of compaction with tables too small for all keys, and power cuts at any call.
package struct CompactionModelRun: ModelRun {
    static let directory = "/t-0"

    var generator: SeededGenerator
    var disk: SimulatedFileSystem
    var model = CompactionModel()
    var configuration = LogConfiguration()
    var now: Int64 = 1_700_000_000_000
    var life: Int32 = 0
    /// What the checkpoint files say, which are kept elsewhere: they never run ahead of what is durable.
    var cleanedOffset: Int64 = 0
    var recoveryPoint: Int64 = 0
    package private(set) var trace: [String] = []

    package var crashes = 0
    package var passes = 0
    package var interrupted = 0
    package var swaps = 0

    package init(seed: UInt64) throws {
        generator = SeededGenerator(seed: seed)
        disk = SimulatedFileSystem(seed: seed)
        try disk.createDirectory(CompactionModelRun.directory)
        try disk.syncDirectory("/")
        configuration.cleanupPolicy = .compact
        configuration.segmentBytes = Int.random(in: 1000...4000, using: &generator)
        configuration.indexIntervalBytes = Int.random(in: 50...1500, using: &generator)
        configuration.minCleanableDirtyRatio = generator.chance(0.5) ? 0 : 0.4
        configuration.deleteRetentionMs = Int64.random(in: 0...2000, using: &generator)
        configuration.minCompactionLagMs = generator.chance(0.3) ? 300 : 0
    }

    mutating func note(_ text: String) {
        if trace.count >= 400 { trace.removeFirst(200) }
        trace.append(text)
    }

    package mutating func live() throws {
        life += 1
        if generator.chance(0.8) {
            let changes = Int.random(in: 0..<Int.random(in: 1..<250, using: &generator), using: &generator)
            note("life \(life): power is cut after \(changes) changes")
            disk.cutPower(afterChanges: changes)
        }
        do {
            let log = try open()
            try read(log)
            for _ in 0..<Int.random(in: 0..<60, using: &generator) { try step(log) }
            try read(log)
        } catch let error as FileError {
            note("\(error)")
        } catch CompactionError.file(let error) {
            interrupted += 1
            note("compaction: \(error)")
        }
        end()
    }

    private mutating func open() throws -> Log {
        var recovered = try LogRecovery.recover(
            directory: CompactionModelRun.directory, fileSystem: disk, configuration: configuration,
            wasCleanShutdown: false, recoveryPoint: recoveryPoint, logStartOffset: nil, now: now)
        recovered.cleanedOffset = cleanedOffset
        let log = Log(recovered)
        note("opened up to \(log.logEndOffset), cleaned \(cleanedOffset): \(recovered.events)")
        for event in recovered.events {
            switch event {
            case .damaged, .endsBeforeRecoveryPoint, .endsBeforeStart: throw ModelFailure("\(event)")
            case .swapCompleted: swaps += 1
            default: break
            }
        }
        guard log.logStartOffset == 0, log.logEndOffset >= model.acknowledgedEnd, log.logEndOffset <= model.end else {
            throw ModelFailure(
                "\(log.logStartOffset)..<\(log.logEndOffset), not up to \(model.acknowledgedEnd)...\(model.end)")
        }
        model.truncate(to: log.logEndOffset)
        model.acknowledgedEnd = log.logEndOffset
        for id in Set(model.batches.filter { !$0.isControl }.compactMap(\.producer?.id)) {
            let known = log.activeProducers.first { $0.id == id }
            guard known?.lastSequence == model.lastSequence(of: id) else {
                throw ModelFailure("producer \(id) is \(String(describing: known))")
            }
        }
        return log
    }

    private mutating func end() {
        if generator.chance(0.75) {
            crashes += 1
            disk = disk.crash(using: &generator, isJournaled: generator.chance(0.5))
        } else {
            disk = disk.kill()
        }
        now += Int64.random(in: 0..<500, using: &generator)
        disk.now = now
    }

    // MARK: - Steps

    private mutating func step(_ log: Log) throws {
        now += Int64.random(in: 0..<100, using: &generator)
        disk.now = now
        switch Int.random(in: 0..<100, using: &generator) {
        case 0..<70: try append(log)
        case 70..<80: try endTransaction(log)
        case 80..<84: try read(log)
        case 84..<88:
            recoveryPoint = log.syncedOffset
            log.closeIdleFiles()
        default: try compact(log)
        }
    }

    private mutating func append(_ log: Log) throws {
        var options = KeyedOptions(timestamp: now)
        options.compression =
            generator.chance(0.3) ? Compression.allCases.randomElement(using: &generator) ?? .none : .none
        var isOpen = false
        if generator.chance(0.6) {
            let isTransactional = generator.chance(0.5)
            let id =
                Int64.random(in: 1...3, using: &generator)
                + (isTransactional ? CompactionModel.firstTransactional : 0)
            options.producer = (id, 0, (model.lastSequence(of: id) ?? -1) + 1)
            options.isTransactional = isTransactional
            isOpen = isTransactional
        }
        let records = (0..<Int.random(in: 1...4, using: &generator)).map { _ in
            Keyed(
                "k\(Int.random(in: 0..<12, using: &generator))",
                generator.chance(0.25)
                    ? nil : "\(now)" + String(repeating: "x", count: Int.random(in: 0..<150, using: &generator)))
        }
        let base = model.end
        model.append(
            CompactionModel.Batch(
                offsets: base...base + Int64(records.count) - 1,
                records: records.enumerated().map {
                    CompactionModel.Record(offset: base + Int64($0), key: $1.key ?? "", value: $1.value)
                }, producer: options.producer, isOpen: isOpen))
        try write(keyedBatch(records, options), at: base, log, origin: .client)
    }

    private mutating func endTransaction(_ log: Log) throws {
        guard let id = model.openTransactions().sorted().randomElement(using: &generator) else { return }
        let isAborted = generator.chance(0.5)
        let marker = EndTransactionMarker(isAborted ? .abort : .commit, coordinatorEpoch: 1)
            .batch(producerId: id, producerEpoch: 0, timestamp: now)
        let base = model.end
        model.append(
            CompactionModel.Batch(offsets: base...base, records: [], producer: (id, 0, -1), isControl: true))
        model.end(id, isAborted: isAborted)
        note("\(isAborted ? "abort" : "commit") of \(id) at \(base)")
        try write(marker.all.bytes, at: base, log, origin: .coordinator)
    }

    private mutating func write(_ bytes: [UInt8], at base: Int64, _ log: Log, origin: AppendOrigin) throws {
        let buffer = StagedBytes(bytes)
        let outcome = log.append(buffer.pointer, leaderEpoch: life, now: now, origin: origin)
        guard case .appended(let placed) = outcome, placed.baseOffset == base else {
            throw ModelFailure("\(outcome) at \(base)")
        }
        // After an error the bytes may be there or not: recovery says.
        if let failure = log.writeStaged(now: now) { throw failure.error }
        withExtendedLifetime(buffer) {}
        try sync(log)
    }

    private mutating func sync(_ log: Log) throws {
        if generator.chance(0.3) { return }
        try log.syncDue(now: now)
        model.acknowledgedEnd = max(model.acknowledgedEnd, log.syncedOffset)
    }

    private mutating func compact(_ log: Log) throws {
        let stable = log.syncedOffset
        log.highWatermarkAdvanced(to: stable)
        let lastStable = log.lastStableOffset(highWatermark: stable)
        guard let compaction = log.beginCompaction(lastStableOffset: lastStable, now: now) else { return }
        var options = CompactionOptions(secret: (generator.next(), generator.next()), now: now)
        options.mapBytes = 24 * Int.random(in: 16...40, using: &generator)
        options.bufferBytes = Int.random(in: 100...5000, using: &generator)
        let host = DirectHost(log)
        if generator.chance(0.1) { host.budget = Int.random(in: 0..<20_000, using: &generator) }
        do {
            let result = try compaction.run(options, host)
            log.endCompaction(result)
            cleanedOffset = log.cleanedOffset
            passes += 1
            note("compacted up to \(result.cleanedOffset)")
        } catch .cancelled {
            log.endCompaction(nil)
            note("cancelled")
        } catch {
            log.endCompaction(nil)
            throw error
        }
        try read(log)
    }

    // MARK: - Reading

    private mutating func read(_ log: Log) throws {
        let found = try batches(log, maximumBytes: generator.chance(0.5) ? 1 << 20 : 700)
        try model.check(found)
        try model.check(found, aborted: log.abortedTransactions(from: 0, to: .max))
    }

    private func batches(_ log: Log, maximumBytes: Int) throws -> [StoredBatch] {
        var offset = log.logStartOffset
        var found: [StoredBatch] = []
        while offset < log.writtenOffset {
            var answer = log.read(from: offset, maximumBytes: maximumBytes, upTo: log.writtenOffset)
            while case .needsDisk(let job) = answer { answer = log.finish(job.run()) }
            if case .failed(let error) = answer { throw error }
            guard case .answer(.bytes(let read)) = answer else { throw ModelFailure("nothing to read at \(offset)") }
            var bytes = [UInt8](repeating: 0, count: read.count)
            _ = try bytes.withUnsafeMutableBytes { try read.segment.file.read(into: $0, at: read.position) }
            try bytes.withUnsafeBytes { buffer in
                var batches = RecordBatches(buffer)
                while let batch = try batches.next() { found.append(try StoredBatch(batch)) }
            }
            guard let last = found.last, last.header.nextOffset > offset else {
                throw ModelFailure("stuck at \(offset)")
            }
            offset = last.header.nextOffset
        }
        return found
    }
}
