import Bytes
import Files
import LogStorage
import Records
import Simulator
import Testing

/// What a partition had before its files were damaged.
struct PartitionTruth {
    struct Written {
        var offsets: ClosedRange<Int64>
        var bytes: [UInt8]
        var records: [Stored]
        var producer: (id: Int64, epoch: Int16, sequence: Int32)?
        var leaderEpoch: Int32
    }

    var batches: [Written]
    var start: Int64
    var end: Int64
    /// All below was synced.
    var synced: Int64
    var aborted: [AbortedTransaction]
    var epochEnds: [Int32: Int64?]

    init(_ harness: LogHarness, synced: Int64) throws {
        start = harness.log.logStartOffset
        end = harness.log.logEndOffset
        self.synced = synced
        aborted = harness.log.abortedTransactions(from: 0, to: .max)
        epochEnds = Dictionary(
            uniqueKeysWithValues: (Int32(-1)...7).map { ($0, harness.log.offset(forLeaderEpoch: $0)?.endOffset) })
        batches = []
        for batch in try harness.batches() {
            let header = batch.header
            let bytes = try harness.bytes(from: header.lastOffset, maximumBytes: 1)
            batches.append(
                Written(
                    offsets: header.baseOffset...header.lastOffset, bytes: bytes, records: batch.records,
                    producer: header.hasProducerId && !header.attributes.isControl
                        ? (header.producerId, header.producerEpoch, header.baseSequence) : nil,
                    leaderEpoch: header.partitionLeaderEpoch))
        }
    }

    /// The first record that a look-up by time has to find among batches that are not lost.
    func first(atOrAfter timestamp: Int64, isLost: (ClosedRange<Int64>) -> Bool) -> Int64? {
        for batch in batches where batch.offsets.upperBound >= start && !isLost(batch.offsets) {
            if let found = batch.records.first(where: { $0.offset >= start && $0.timestamp >= timestamp }) {
                return found.offset
            }
        }
        return nil
    }
}

/// The files of a log directory with some partitions, and what these held: to be damaged and opened again and again.
struct DamageScene {
    static let root = "/d"

    var files: [String: [UInt8]] = [:]
    var truths: [TopicPartition: PartitionTruth] = [:]
    var configurations: [TopicPartition: LogConfiguration] = [:]
    var isClean: Bool

    init(isClean: Bool) { self.isClean = isClean }

    /// The partitions that a file may speak of.
    func owners(of name: String) -> [TopicPartition] {
        truths.keys.filter { !name.contains("/") || name.hasPrefix("\($0)/") }.sorted()
    }

    /// Whether nothing tells that a bit of a log is flipped: outside the checksum of a batch that no sync knew of, whose base
    /// offset or leader epoch may be anything, or in a base offset that stays within the gap in front of it that a
    /// compaction has left.
    func isUnknowable(_ position: Int, _ bit: Int, in name: String) throws -> Bool {
        guard name.hasSuffix(".log"), let synced = owners(of: name).first.flatMap({ truths[$0]?.synced }) else {
            return false
        }
        guard let (header, place, gap) = try batch(at: position, in: name) else { return false }
        if place < 8, gap.contains(header.baseOffset ^ 1 << Int64((7 - place) * 8 + bit)) { return true }
        return header.baseOffset >= synced && (place < 8 || 12..<16 ~= place)
    }

    func isBaseOffset(_ position: Int, in name: String) throws -> Bool {
        try batch(at: position, in: name).map { $0.place < 8 } ?? false
    }

    /// The batch of a log that has a byte, which of its bytes that is, and the offsets that are missing in front of it.
    private func batch(
        at position: Int, in name: String
    ) throws -> (header: RecordBatchHeader, place: Int, gap: Range<Int64>)? {
        try (files[name] ?? []).withUnsafeBytes { buffer in
            var batches = RecordBatches(buffer)
            var expected = try #require(Int64(name.suffix(24).prefix(20)))
            while let batch = try batches.next() {
                let end = buffer.count - batches.remaining
                if position < end {
                    let place = position - (end - batch.header.totalSize)
                    return (batch.header, place, expected..<batch.header.baseOffset)
                }
                expected = batch.header.nextOffset
            }
            return nil
        }
    }

    /// A disk with the files of one partition and those of the directory, one of them perhaps with other content.
    func disk(for partition: TopicPartition, _ name: String? = nil, _ content: [UInt8]? = nil) throws
        -> SimulatedFileSystem
    {
        let disk = SimulatedFileSystem(seed: 1)
        try disk.createDirectory(DamageScene.root)
        try disk.createDirectory("\(DamageScene.root)/\(partition)")
        for (path, bytes) in files where !path.contains("/") || path.hasPrefix("\(partition)/") {
            if path == name, content == nil { continue }
            let file = try disk.open("\(DamageScene.root)/\(path)", .replace)
            try file.writeAll(path == name ? content ?? bytes : bytes, at: 0)
        }
        return disk
    }
}

/// How a partition answered after one of its files was damaged.
struct DamageOutcome {
    /// What is wrong and was not named.
    var faults: [String] = []
    var events: [LogEvent] = []
    /// Ranges that readers are told to be corrupt.
    var corrupt: [Range<Int64>] = []

    enum Verdict { case right, mended, corrupt, wrong }

    /// `right` where nothing shows, `mended` where all is there and something was said, `corrupt` where records are said to
    /// be lost.
    var verdict: Verdict {
        if !faults.isEmpty { return .wrong }
        return isNamedAsLoss ? .corrupt : isNamed ? .mended : .right
    }

    var isNamed: Bool { !corrupt.isEmpty || events.contains { $0.level != .info } }
    var isNamedAsLoss: Bool { !corrupt.isEmpty || events.contains { $0.level == .error || $0.isCut } }

    mutating func require(_ isRight: Bool, or isExcused: Bool, _ fault: @autoclosure () -> String) {
        if !isRight, !isExcused { faults.append(fault()) }
    }
}

extension LogEvent {
    var isCut: Bool { if case .tailCut = self { true } else { false } }
}

extension DamageScene {
    /// Opens a partition as a broker does, and compares all that it answers with what it held.
    func examine(_ partition: TopicPartition, on disk: SimulatedFileSystem) throws -> DamageOutcome {
        let truth = try #require(truths[partition])
        var outcome = DamageOutcome()
        let opened = try open(partition, on: disk, &outcome)
        let harness = LogHarness(
            opened.log, opened.events, disk, "\(DamageScene.root)/\(partition)",
            try #require(configurations[partition]))
        // All offsets up to the end are asked for.
        guard opened.log.logEndOffset <= truth.end + 1_000 else {
            outcome.faults.append("ends at \(opened.log.logEndOffset)")
            return outcome
        }
        let read = DamageReader(truth: truth, harness: harness)
        try read.compareBatches(&outcome)
        try read.compareLookUps(&outcome)
        read.compareEpochsAndTransactions(&outcome)
        try read.compareDuplicates(&outcome)
        let points = try OffsetCheckpoint.recoveryPoint.read(in: DamageScene.root, disk)
        for isStopped in [false, true] {
            try read.compareAnotherRecovery(isStopped: isStopped, recoveryPoint: points?[partition], &outcome)
        }
        return outcome
    }

    private func open(
        _ partition: TopicPartition, on disk: SimulatedFileSystem, _ outcome: inout DamageOutcome
    ) throws -> (log: Log, events: [LogEvent]) {
        let points = try read(.recoveryPoint, disk, &outcome)
        let starts = try read(.logStartOffset, disk, &outcome)
        let recovered = try LogRecovery.recover(
            directory: "\(DamageScene.root)/\(partition)", fileSystem: disk,
            configuration: try #require(configurations[partition]), wasCleanShutdown: isClean,
            recoveryPoint: points?[partition], logStartOffset: starts?[partition], isStartKnown: starts != nil,
            now: 1_700_000_100_000)
        outcome.events += recovered.events
        return (Log(recovered), recovered.events)
    }

    /// As a broker, which logs a checkpoint that cannot be read as an error.
    private func read(
        _ checkpoint: OffsetCheckpoint, _ disk: SimulatedFileSystem, _ outcome: inout DamageOutcome
    ) throws -> [TopicPartition: Int64]? {
        guard try checkpoint.exists(in: DamageScene.root, disk) else { return nil }
        let offsets = try checkpoint.read(in: DamageScene.root, disk)
        if offsets == nil { outcome.events.append(.fileRebuilt(name: checkpoint.rawValue)) }
        return offsets
    }
}

/// Compares an opened log with what it held.
struct DamageReader {
    let truth: PartitionTruth
    let harness: LogHarness

    private var log: Log { harness.log }

    private func isLost(_ offsets: ClosedRange<Int64>, _ outcome: DamageOutcome) -> Bool {
        offsets.upperBound >= log.logEndOffset
            || outcome.corrupt.contains { $0.overlaps(Range(offsets)) }
    }

    /// Every batch is there byte by byte, or its offsets are said to be corrupt or to have been cut.
    func compareBatches(_ outcome: inout DamageOutcome) throws {
        outcome.require(log.logStartOffset == truth.start, or: outcome.isNamedAsLoss, "starts at \(log.logStartOffset)")
        var next = max(log.logStartOffset, truth.start)
        var found: [ClosedRange<Int64>] = []
        reading: while next < log.logEndOffset {
            switch harness.read(from: next) {
            case .corrupt(let range):
                outcome.corrupt.append(range)
                guard range.upperBound > next else {
                    outcome.faults.append("corrupt \(range) at \(next)"); break reading
                }
                next = range.upperBound
            case .bytes(let read):
                var bytes = [UInt8](repeating: 0, count: read.count)
                _ = try bytes.withUnsafeMutableBytes { try read.segment.file.read(into: $0, at: read.position) }
                found += compare(bytes, &outcome)
                guard read.nextOffset > next else { outcome.faults.append("does not go on at \(next)"); break reading }
                next = read.nextOffset
            case .empty: break reading
            case .offsetOutOfRange:
                outcome.faults.append("offset \(next) is out of range")
                break reading
            }
        }
        for batch in truth.batches
        where !found.contains(batch.offsets) && batch.offsets.lowerBound >= log.logStartOffset {
            outcome.require(isLost(batch.offsets, outcome), or: false, "batch \(batch.offsets) is missing")
        }
        outcome.require(
            log.logEndOffset == truth.end,
            or: outcome.events.contains(where: \.isCut) && log.logEndOffset >= truth.synced
                || outcome.isNamedAsLoss && log.logEndOffset >= truth.end, "ends at \(log.logEndOffset)")
    }

    private func compare(_ bytes: [UInt8], _ outcome: inout DamageOutcome) -> [ClosedRange<Int64>] {
        var rest = bytes[...]
        var found: [ClosedRange<Int64>] = []
        while !rest.isEmpty {
            guard let batch = truth.batches.first(where: { rest.starts(with: $0.bytes) }) else {
                outcome.faults.append("served \(rest.count) bytes that were not written")
                break
            }
            if let last = found.last, last.upperBound >= batch.offsets.lowerBound {
                outcome.faults.append("served \(batch.offsets) behind \(last)")
            }
            found.append(batch.offsets)
            rest = rest.dropFirst(batch.bytes.count)
        }
        return found
    }

    func compareLookUps(_ outcome: inout DamageOutcome) throws {
        var times: Set<Int64> = [0]
        for batch in truth.batches { times.formUnion(batch.records.suffix(1).map(\.timestamp)) }
        for time in times {
            let wanted = truth.first(atOrAfter: time) { isLost($0, outcome) }
            let found = harness.settle(log.offset(forTimestamp: time))?.offset
            // A batch beside the damage may be found yet.
            let undamaged = truth.first(atOrAfter: time) { _ in false }
            outcome.require(
                found == wanted || found == undamaged, or: false,
                "\(time) is found at \(found ?? -1), not \(wanted ?? -1)")
        }
        let newest = harness.settle(log.maxTimestampOffset())?.timestamp
        let wanted = truth.batches.filter { !isLost($0.offsets, outcome) }.flatMap(\.records)
            .filter { $0.offset >= truth.start }.map(\.timestamp).max()
        outcome.require(newest == wanted, or: outcome.isNamedAsLoss, "the newest is of \(newest ?? -1)")
        for batch in truth.batches
        where !isLost(batch.offsets, outcome) && batch.offsets.lowerBound >= log.logStartOffset {
            for offset in [batch.offsets.lowerBound, batch.offsets.upperBound] {
                let answer = harness.read(from: offset, maximumBytes: 1)
                // A wrong base offset may make its neighbour look wrong to whoever begins there.
                if case .corrupt = answer, !outcome.corrupt.isEmpty { continue }
                guard case .bytes(let read) = answer else {
                    outcome.faults.append("\(offset) is not found")
                    continue
                }
                outcome.require(read.count == batch.bytes.count, or: false, "another batch is found at \(offset)")
            }
        }
    }

    func compareEpochsAndTransactions(_ outcome: inout DamageOutcome) {
        for (epoch, end) in truth.epochEnds {
            let found = log.offset(forLeaderEpoch: epoch)?.endOffset
            let wanted = end == truth.end ? log.logEndOffset : end
            outcome.require(
                found == wanted, or: outcome.isNamedAsLoss, "epoch \(epoch) ends at \(found ?? -1), not \(wanted ?? -1)"
            )
        }
        let found = log.abortedTransactions(from: 0, to: .max)
        outcome.require(found == truth.aborted, or: outcome.isNamedAsLoss, "aborted: \(found)")
        for offset in stride(from: log.logStartOffset, to: log.logEndOffset, by: 1) {
            let found = log.abortedTransactions(from: offset, to: offset + 1)
            let wanted = truth.aborted.filter { $0.lastOffset >= offset && $0.firstOffset < offset + 1 }
            outcome.require(
                wanted.allSatisfy(found.contains), or: outcome.isNamedAsLoss, "aborted at \(offset): \(found)")
        }
    }

    /// The newest batch of each producer, sent again, is recognised.
    func compareDuplicates(_ outcome: inout DamageOutcome) throws {
        var newest: [Int64: PartitionTruth.Written] = [:]
        for batch in truth.batches { if let producer = batch.producer { newest[producer.id] = batch } }
        for (id, batch) in newest {
            if isLost(batch.offsets, outcome) || outcome.isNamedAsLoss { continue }
            let isRecognised: Bool
            if case .duplicate(let earlier) = try harness.append(batch.bytes, leaderEpoch: 6) {
                isRecognised = earlier.baseOffset == batch.offsets.lowerBound
            } else {
                isRecognised = false
            }
            outcome.require(isRecognised, or: outcome.isNamed, "producer \(id) is not recognised")
        }
    }

    /// What is served now is served after another recovery, be it after a crash or a clean stop.
    func compareAnotherRecovery(isStopped: Bool, recoveryPoint: Int64?, _ outcome: inout DamageOutcome) throws {
        let before = try harness.served()
        try harness.reopen(
            cleanly: isStopped, recoveryPoint: isStopped ? nil : recoveryPoint, logStartOffset: before.start)
        let after = try harness.served()
        outcome.require(after == before, or: false, "\(before) became \(after) after a stop: \(isStopped)")
    }
}
