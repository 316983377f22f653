import Bytes
import Files
import LogStorage
import Records

/// One log on one simulated disk through several lives, with random operations, faults and ends.
package struct LogModelRun: ModelRun {
    static let partition = TopicPartition(topic: "t", partition: 0)
    static let root = "/data"

    var generator: SeededGenerator
    var disk: SimulatedFileSystem
    var model = LogModel()
    var configuration = LogConfiguration()
    var now: Int64 = 1_700_000_000_000
    var life: Int32 = 0
    var isCreated = false
    var isIndexDamaged = false
    /// The last things that were done, for the report of a failure.
    package private(set) var trace: [String] = []

    package var crashes = 0
    package var refusals = 0
    package var duplicates = 0
    package var fullDisks = 0
    /// Syncs that met a full disk.
    package var postponements = 0

    package init(seed: UInt64) throws {
        generator = SeededGenerator(seed: seed)
        disk = SimulatedFileSystem(seed: seed)
        try disk.createDirectory(LogModelRun.root)
        try disk.syncDirectory("/")
        configuration.segmentBytes = Int.random(in: 3500...14_000, using: &generator)
        configuration.indexIntervalBytes = Int.random(in: 100...1500, using: &generator)
        if generator.chance(0.3) {
            // So many entries that the index is written before its segment is sealed.
            configuration.indexIntervalBytes = 1
            configuration.segmentBytes = Int.random(in: 20_000...60_000, using: &generator)
        }
        configuration.segmentIndexBytes = generator.chance(0.3) ? 48 : 10 << 20
        configuration.segmentMs = generator.chance(0.3) ? 2000 : 1 << 40
        configuration.retentionBytes = Int64.random(in: 8000...40_000, using: &generator)
        configuration.preallocate = generator.chance(0.2)
        configuration.flushMessages = generator.chance(0.8) ? 1 : Int64.random(in: 2...20, using: &generator)
    }

    /// Opens the log, compares it with the model, works on it, and ends the process or the machine.
    package mutating func live() throws {
        life += 1
        note("life \(life)")
        injectFaults()
        do {
            let directory = try openDirectory()
            var log = LogLife(log: try openLog(directory), directory: directory)
            try readAll(&log)
            if isIndexDamaged { try readEach(log.log) }
            isIndexDamaged = false
            let steps = Int.random(in: 0..<40, using: &generator)
            for _ in 0..<steps { try step(&log) }
            if generator.chance(0.5) { try close(&log) }
            note("end of steps")
        } catch let error as FileError {
            note("\(error)")
        } catch LogDirectoryError.file(let error) {
            note("\(error)")
        }
        end()
    }

    mutating func note(_ text: String) {
        if trace.count >= 400 { trace.removeFirst(200) }
        trace.append(text)
    }

    // MARK: - Beginning and end

    private mutating func injectFaults() {
        if generator.chance(0.7) {
            let changes = Int.random(in: 0..<Int.random(in: 1..<200, using: &generator), using: &generator)
            note("power is cut after \(changes) changes")
            disk.cutPower(afterChanges: changes)
        }
        if generator.chance(0.5) { disk.withFaults { $0.coldReads = 0.2 } }
        if generator.chance(0.3) { disk.withFaults { $0.shortWrites = 0.2 } }
        if generator.chance(0.25) {
            let operation: FileOperation =
                [.write, .sync, .syncDirectory, .truncate].randomElement(using: &generator) ?? .sync
            let skipped = Int.random(in: 0..<60, using: &generator)
            note("\(operation) number \(skipped) fails")
            disk.withFaults { $0.script(operation, on: "", .broken, skipping: skipped) }
        }
    }

    private mutating func openDirectory() throws -> LogDirectory {
        let directory = try LogDirectory.open(
            LogModelRun.root, disk, clusterID: "c", nodeID: 1, newID: UUID(high: 1, low: 1))
        try directory.takeOver()
        if !isCreated {
            _ = try directory.createPartition(LogModelRun.partition, topicID: UUID(high: 2, low: 2))
            isCreated = true
        }
        return directory
    }

    private mutating func openLog(_ directory: LogDirectory) throws -> Log {
        let recoveryPoint = try OffsetCheckpoint.recoveryPoint.read(in: LogModelRun.root, disk)
        let starts = try OffsetCheckpoint.logStartOffset.read(in: LogModelRun.root, disk)
        let recovered = try LogRecovery.recover(
            directory: directory.path(of: LogModelRun.partition), fileSystem: disk, configuration: configuration,
            wasCleanShutdown: directory.wasCleanShutdown, recoveryPoint: recoveryPoint?[LogModelRun.partition],
            logStartOffset: starts?[LogModelRun.partition], now: now)
        note(
            "opened \(recovered.logStartOffset)..<\(recovered.logEndOffset), clean: \(directory.wasCleanShutdown), "
                + "recovery point: \(String(describing: recoveryPoint?[LogModelRun.partition])), \(recovered.events)")
        let log = Log(recovered)
        try model.check(recovered: log, events: recovered.events)
        return log
    }

    private mutating func close(_ life: inout LogLife) throws {
        try perform(life.pendingSync.take(), &life)
        guard life.log.failure == nil else { return }
        let remainder = try life.log.close()?.perform() ?? .none
        model.acknowledgedEnd = life.log.writtenOffset
        guard remainder == .none else { return note("not closed for want of room") }
        try writeCheckpoints(life, recoveryPoint: life.log.writtenOffset, sync: true)
        try life.directory.markCleanShutdown(brokerEpoch: 1)
        life.directory.release()
        note("closed")
    }

    private mutating func end() {
        if generator.chance(0.75) {
            note("crash")
            let isJournaled = generator.chance(0.5)
            disk = disk.crash(using: &generator, isJournaled: isJournaled)
            crashes += 1
        } else {
            note("kill")
            disk = disk.kill()
        }
        now += Int64.random(in: 0..<1000, using: &generator)
        disk.now = now
        if generator.chance(0.15) { damageIndex() }
    }

    /// Indexes hold nothing that the log does not: whatever happens to them may cost time only.
    private mutating func damageIndex() {
        let directory = "\(LogModelRun.root)/\(LogModelRun.partition)"
        let names = ((try? disk.list(directory)) ?? []).filter { $0.hasSuffix("index") }
        guard let name = names.randomElement(using: &generator),
            let file = try? disk.open("\(directory)/\(name)", .readWrite), let size = try? file.size(), size > 0
        else { return }
        let position = Int64.random(in: 0..<size, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: try? file.writeAll([UInt8.random(in: 0...50, using: &generator)], at: position | 3)
        case 1: try? file.writeAll([UInt8](repeating: 0, count: Int(size - position)), at: position)
        default: try? file.truncate(to: position)
        }
        try? file.sync()
        isIndexDamaged = true
        note("damaged \(name) at \(position)")
    }

    func writeCheckpoints(_ life: LogLife, recoveryPoint: Int64, sync: Bool) throws {
        try OffsetCheckpoint.recoveryPoint.write(
            [LogModelRun.partition: recoveryPoint], in: LogModelRun.root, disk, sync: sync)
        try OffsetCheckpoint.logStartOffset.write(
            [LogModelRun.partition: life.log.logStartOffset], in: LogModelRun.root, disk, sync: true)
    }
}

/// What a process has in memory.
struct LogLife {
    let log: Log
    let directory: LogDirectory
    /// A sync that was taken and not performed yet, as on its way to the sync thread.
    var pendingSync: LogSync?
    var deletions: [SegmentDeletion] = []
}
