import Bytes
import Files
import LogStorage
import Records
import Simulator
import Testing

/// A directory of the real file system that goes away with the test.
final class TemporaryDirectory {
    let path = "/tmp/martlet-log-\(UInt64.random(in: 0 ... .max))"

    init() throws { try RealFileSystem().createDirectory(path) }

    deinit { try? RealFileSystem().removeDirectory(path) }
}

/// One log over some file system, written and synced at once, and opened again as often as a test wants.
final class LogHarness {
    let fileSystem: any FileSystem
    let directory: String
    var configuration: LogConfiguration
    var log: Log
    var events: [LogEvent] = []
    var now: Int64 = 1_700_000_000_000

    init(
        _ fileSystem: any FileSystem, _ directory: String, configuration: LogConfiguration = LogConfiguration(),
        afterCrashWith recoveryPoint: Int64? = nil
    ) throws {
        self.fileSystem = fileSystem
        self.directory = directory
        self.configuration = configuration
        try fileSystem.createDirectory(directory)
        let recovered = try LogRecovery.recover(
            directory: directory, fileSystem: fileSystem, configuration: configuration,
            wasCleanShutdown: recoveryPoint == nil, recoveryPoint: recoveryPoint, logStartOffset: nil, now: now)
        events = recovered.events
        log = Log(recovered)
    }

    /// Takes up a log that was opened already.
    init(
        _ log: Log, _ events: [LogEvent], _ fileSystem: any FileSystem, _ directory: String,
        _ configuration: LogConfiguration
    ) {
        self.fileSystem = fileSystem
        self.directory = directory
        self.configuration = configuration
        self.log = log
        self.events = events
    }

    /// Appends, writes, and syncs what is due.
    @discardableResult
    func append(
        _ batch: [UInt8], leaderEpoch: Int32 = 0, origin: AppendOrigin = .client, sync: Bool = true
    ) throws -> AppendOutcome {
        var batch = batch
        return try batch.withUnsafeMutableBytes { bytes in
            let outcome = log.append(bytes, leaderEpoch: leaderEpoch, now: now, origin: origin)
            if let failure = log.writeStaged(now: now) { throw failure.error }
            if sync { try log.syncDue(now: now) }
            return outcome
        }
    }

    @discardableResult
    func append(_ batch: Batch, leaderEpoch: Int32 = 0) throws -> AppendOutcome {
        try append(batch.bytes, leaderEpoch: leaderEpoch)
    }

    /// Opens the log again: after a clean stop, or as after `kill -9` with this recovery point.
    func reopen(
        cleanly: Bool = true, closing: Bool = true, recoveryPoint: Int64? = nil, logStartOffset: Int64? = nil,
        isStartKnown: Bool = true
    ) throws {
        var recoveryPoint = recoveryPoint
        if cleanly {
            if closing { _ = try log.close()?.perform() }
            recoveryPoint = recoveryPoint ?? log.logEndOffset
        }
        var recovered = try LogRecovery.recover(
            directory: directory, fileSystem: fileSystem, configuration: configuration, wasCleanShutdown: cleanly,
            recoveryPoint: recoveryPoint, logStartOffset: logStartOffset, isStartKnown: isStartKnown, now: now)
        recovered.cleanedOffset = log.cleanedOffset
        events = recovered.events
        log = Log(recovered)
    }

    func read(from offset: Int64, maximumBytes: Int = 1 << 30, upTo: Int64? = nil, atLeastOneBatch: Bool = true)
        -> LogReadOutcome
    {
        settle(
            log.read(
                from: offset, maximumBytes: maximumBytes, upTo: upTo ?? log.logEndOffset,
                atLeastOneBatch: atLeastOneBatch))
    }

    /// Runs the jobs that a question needs.
    func settle<Value>(_ answer: Consulted<Value>) -> Value {
        var answer = answer
        while true {
            switch answer {
            case .answer(let value): return value
            case .needsDisk(let job): answer = log.finish(job.run())
            case .failed(let error): fatalError("the disk failed: \(error)")
            }
        }
    }

    /// The bytes of a read that must succeed.
    func bytes(
        from offset: Int64, maximumBytes: Int = 1 << 30, upTo: Int64? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> [UInt8] {
        guard case .bytes(let read) = read(from: offset, maximumBytes: maximumBytes, upTo: upTo) else {
            Issue.record("nothing to read at \(offset)", sourceLocation: sourceLocation)
            return []
        }
        var bytes = [UInt8](repeating: 0, count: read.count)
        let count = try bytes.withUnsafeMutableBytes { try read.segment.file.read(into: $0, at: read.position) }
        #expect(count == read.count, sourceLocation: sourceLocation)
        return bytes
    }

    /// Base and last offsets of all batches that can be read from `offset` on.
    func offsets(from offset: Int64 = 0, maximumBytes: Int = 1 << 30) throws -> [ClosedRange<Int64>] {
        var next = offset
        var found: [ClosedRange<Int64>] = []
        while next < log.writtenOffset {
            let bytes = try bytes(from: next, maximumBytes: maximumBytes)
            try bytes.withUnsafeBytes { buffer in
                var batches = RecordBatches(buffer)
                while let batch = try batches.next() {
                    #expect(batch.isChecksumValid)
                    found.append(batch.header.baseOffset...batch.header.lastOffset)
                }
                #expect(batches.remaining == 0)
            }
            guard let last = found.last, last.upperBound >= next else { break }
            next = last.upperBound + 1
        }
        return found
    }

    func path(_ name: String) -> String { "\(directory)/\(name)" }

    func content(_ name: String) throws -> [UInt8] {
        let file = try fileSystem.open(path(name), .read)
        var bytes = [UInt8](repeating: 0, count: Int(try file.size()))
        _ = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
        return bytes
    }

    func replace(_ name: String, with bytes: [UInt8]) throws {
        let file = try fileSystem.open(path(name), .replace)
        try file.writeAll(bytes, at: 0)
        try file.sync()
    }
}

extension AppendOutcome {
    var baseOffset: Int64? {
        switch self {
        case .appended(let batch), .duplicate(let batch): batch.baseOffset
        case .rejected: nil
        }
    }

    var error: AppendError? {
        if case .rejected(let error) = self { error } else { nil }
    }
}

extension LogConfiguration {
    /// Small segments and dense indexes.
    static var small: LogConfiguration {
        var configuration = LogConfiguration()
        configuration.segmentBytes = 4096
        configuration.indexIntervalBytes = 300
        return configuration
    }
}

let firstLog = "00000000000000000000.log"
let firstIndex = "00000000000000000000.index"
let firstTimeIndex = "00000000000000000000.timeindex"

/// Where the batches of a file begin.
func batchPositions(_ file: UnsafeRawBufferPointer) throws -> [Int] {
    var found: [Int] = []
    var batches = RecordBatches(file)
    while let batch = try batches.next() { found.append(file.count - batches.remaining - batch.header.totalSize) }
    return found
}
