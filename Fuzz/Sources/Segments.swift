import Bytes
import Files
import LogStorage
import Records

/// The files of a partition's directory, recovered as at a start, read, appended to and recovered again.
///
/// An input is a byte of choices, one for the recovery point, then files: a byte for the kind, one for the base offset,
/// two for the length, the content.
enum Segments {
    private static let now: Int64 = 1_764_000_000_000
    private static let baseOffsets: [Int64] = [0, 1, 3, 10, 100, 1000, 1 << 31, 1 << 32, 1 << 61, .max - 1, .max]

    static func run(_ input: inout FuzzInput) {
        let choices = input.byte()
        let recoveryPoint = input.byte()
        let directory = SimulatedDirectory("/data/t-0")
        while !input.isEmpty {
            let name = fileName(kind: input.byte(), base: input.byte())
            var content = input.part()
            if choices.bit(0), name.contains(".log") { correctChecksums(&content) }
            directory.write(name, content)
        }
        // Nothing that stands in the files may end the reader of `martlet log verify`.
        _ = requireSuccess("the disk fails") { try LogVerifier(directory.fileSystem).verify(partition: directory.path) }

        let isCompacted = choices.bit(7)
        let point = choices.bit(2) ? baseOffset(recoveryPoint) : nil
        var log = recover(
            directory, isCompacted: isCompacted, clean: choices.bit(1), point: point,
            start: choices.bit(3) ? baseOffset(recoveryPoint >> 4) : nil)
        guard let first = log else { return }
        _ = read(first)
        if choices.bit(4) { append(to: first) }
        let (start, end) = (first.logStartOffset, first.logEndOffset)
        let served = read(first)
        // Stopped, or killed before the checkpoint had the new end, or after.
        let isStale = !choices.bit(5) && choices.bit(6)
        if !isStale { requireSuccess("a recovered log cannot be closed") { _ = try first.close()?.perform() } }
        log = recover(
            directory, isCompacted: isCompacted, clean: choices.bit(5), point: isStale ? point : end, start: start)
        guard let second = log else { fatalError("a recovered log cannot be recovered") }
        require(
            second.logStartOffset == start && second.logEndOffset == end,
            "\(start)..<\(end) became \(second.logStartOffset)..<\(second.logEndOffset) without a change")
        let servedAgain = read(second)
        require(served == servedAgain, "\(served) became \(servedAgain) without a change")
    }

    private static func baseOffset(_ choice: UInt8) -> Int64 { baseOffsets[Int(choice) % baseOffsets.count] }

    private static func fileName(kind: UInt8, base: UInt8) -> String {
        let text = String(baseOffset(base))
        let base = String(repeating: "0", count: 20 - text.utf8.count) + text
        switch kind % 10 {
        case 0: return "\(base).log"
        case 1: return "\(base).index"
        case 2: return "\(base).timeindex"
        case 3: return "\(base).txnindex"
        case 4: return "\(base).snapshot"
        case 5: return "leader-epoch-checkpoint"
        case 6: return "\(base).log.swap"
        case 7: return "\(base).index.swap"
        case 8: return "\(base).log.cleaned"
        default: return "\(base).timeindex.swap"
        }
    }

    private static func correctChecksums(_ content: inout [UInt8]) {
        content.withUnsafeMutableBytes { bytes in
            var position = 0
            while let batch = try? MutableRecordBatchView(UnsafeMutableRawBufferPointer(rebasing: bytes[position...])) {
                batch.updateChecksum()
                position += batch.bytes.count
            }
        }
    }

    /// nil where the files cannot be a log's.
    private static func recover(
        _ directory: SimulatedDirectory, isCompacted: Bool, clean: Bool, point: Int64?, start: Int64?
    ) -> Log? {
        var configuration = LogConfiguration()
        configuration.cleanupPolicy = isCompacted ? .compact : .delete
        configuration.indexIntervalBytes = 64
        configuration.segmentBytes = 4096
        let recovered = try? LogRecovery.recover(
            directory: directory.path, fileSystem: directory.fileSystem, configuration: configuration,
            wasCleanShutdown: clean, recoveryPoint: point, logStartOffset: start, now: now)
        return recovered.map { Log($0) }
    }

    /// What readers get is whole batches with right checksums, in the order of their offsets, which are answered.
    private static func read(_ log: Log) -> [ClosedRange<Int64>] {
        require(log.logStartOffset <= log.logEndOffset, "\(log.logStartOffset) is behind \(log.logEndOffset)")
        var next = log.logStartOffset
        var served: [ClosedRange<Int64>] = []
        while next < log.logEndOffset {
            switch settle(
                log,
                log.read(from: next, maximumBytes: 1000, upTo: log.logEndOffset))
            {
            case .bytes(let read):
                served += check(read, from: next, log)
                require(read.nextOffset > next, "the read at \(next) goes on at \(read.nextOffset)")
                next = read.nextOffset
            case .corrupt(let lost):
                // The offset itself may be one that no record has, in front of those.
                require(lost.upperBound > next, "\(next) is not readable for want of \(lost)")
                next = lost.upperBound
            case .empty, .offsetOutOfRange: next = log.logEndOffset
            }
        }
        for timestamp in [0, 1, now, Int64.max] { _ = settle(log, log.offset(forTimestamp: timestamp)) }
        _ = settle(log, log.maxTimestampOffset())
        _ = log.abortedTransactions(from: log.logStartOffset, to: log.logEndOffset)
        _ = (log.activeProducers, log.lastStableOffset(highWatermark: log.logEndOffset))
        for epoch in [0, 1, Int32.max] { _ = log.offset(forLeaderEpoch: epoch) }
        return served
    }

    private static func check(_ read: LogRead, from offset: Int64, _ log: Log) -> [ClosedRange<Int64>] {
        var served: [ClosedRange<Int64>] = []
        var bytes = [UInt8](repeating: 0, count: read.count)
        let count = requireSuccess("the disk fails") {
            try bytes.withUnsafeMutableBytes { try read.segment.file.read(into: $0, at: read.position) }
        }
        require(count == read.count, "\(read.count) bytes were announced where \(count) are")
        bytes.withUnsafeBytes { bytes in
            var batches = RecordBatches(bytes)
            var last = Int64.min
            requireSuccess("what is read is no sequence of batches") {
                while let batch = try batches.next() {
                    require(batch.isChecksumValid, "a batch with a wrong checksum is read")
                    require(batch.header.baseOffset > last, "offset \(batch.header.baseOffset) behind \(last)")
                    last = batch.header.lastOffset
                    served.append(batch.header.baseOffset...last)
                }
            }
            require(batches.remaining == 0, "what is read ends inside of a batch")
            require(last >= offset && last < log.logEndOffset, "offset \(last) is read at \(offset)")
        }
        return served
    }

    /// Appends a batch as a leader of a later epoch than any in the log.
    private static func append(to log: Log) {
        var builder = BatchBuilder()
        _ = builder.append(timestamp: now, key: [1], value: [2])
        var batch = builder.finish().all.bytes
        batch.withUnsafeMutableBytes { bytes in
            let end = log.logEndOffset
            guard case .appended = log.append(bytes, leaderEpoch: .max, now: now) else { return }
            if let failure = log.writeStaged(now: now) { fatalError("\(failure.error)") }
            requireSuccess("the disk fails") { try log.syncDue(now: now) }
            require(log.logEndOffset == end + 1, "the offset after \(end) is \(log.logEndOffset)")
        }
    }

    private static func settle<Value>(_ log: Log, _ answer: Consulted<Value>) -> Value {
        var answer = answer
        for _ in 0..<100 {
            switch answer {
            case .answer(let value): return value
            case .needsDisk(let job): answer = log.finish(job.run())
            case .failed(let error): fatalError("the disk fails: \(error)")
            }
        }
        fatalError("a question to the log finds no answer")
    }
}
