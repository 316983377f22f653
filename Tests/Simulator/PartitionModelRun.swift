import Bytes
import DiskScheduler
import Files
import LogStorage
import Records
import Replication

/// The partitions of two shards in one directory: logs, the leaders over them, and the sync rounds of the directory, through
/// several lives on one simulated disk. What a producer was told is stored, and what a consumer could read, is there
/// after any crash.
package struct PartitionModelRun: ModelRun {
    static let root = "/data"
    private static let shards = 2

    /// One shard's part of a life.
    struct ShardLife {
        var partitions: [(index: Int, partition: Partition)] = []
        /// The syncs of a round that is on its way to the sync thread.
        var round: [(partition: Partition, index: Int, sync: LogSync)] = []
        /// It was told that a write or a sync has failed, and asks for nothing any more.
        var hasFailed = false
    }

    /// What a process has in memory.
    struct Life {
        var directory: LogDirectory
        var shards: [ShardLife] = []
        var rounds: SyncRounds
        var acknowledgements: [Acknowledgement] = []
        /// Where each batch ends that somebody waits for, by the number of the request.
        var waiting: [UInt64: (index: Int, endOffset: Int64)] = [:]
        var nextRequest: UInt64 = 0
    }

    var generator: SeededGenerator
    var disk: SimulatedFileSystem
    var models: [LogModel]
    var configurations: [LogConfiguration] = []
    var now: Int64 = 1_700_000_000_000
    var life: Int32 = 0
    package private(set) var trace: [String] = []

    package private(set) var crashes = 0
    package var acknowledged = 0
    package var failedRounds = 0

    package init(seed: UInt64) throws {
        generator = SeededGenerator(seed: seed)
        disk = SimulatedFileSystem(seed: seed)
        let count = Int.random(in: 2...14, using: &generator)
        models = Array(repeating: LogModel(), count: count)
        for _ in 0..<count {
            var configuration = LogConfiguration()
            configuration.segmentBytes = Int.random(in: 3500...14_000, using: &generator)
            configuration.flushMessages = generator.chance(0.7) ? 1 : 1000
            configurations.append(configuration)
        }
        try disk.createDirectory(PartitionModelRun.root)
        try disk.syncDirectory("/")
    }

    package mutating func live() throws {
        life += 1
        note("life \(life)")
        injectFaults()
        do {
            var open = try begin()
            for _ in 0..<Int.random(in: 0..<60, using: &generator) { try step(&open) }
            if generator.chance(0.4) { try stop(&open) }
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

    func id(_ index: Int) -> TopicPartition { TopicPartition(topic: "t", partition: Int32(index)) }

    // MARK: - Beginning and end

    private mutating func injectFaults() {
        if generator.chance(0.6) {
            let changes = Int.random(in: 0..<Int.random(in: 1..<300, using: &generator), using: &generator)
            note("power is cut after \(changes) changes")
            disk.cutPower(afterChanges: changes)
        }
        if generator.chance(0.4) {
            let operation: FileOperation = generator.chance(0.5) ? .syncFileSystem : .sync
            let skipped = Int.random(in: 0..<(operation == .sync ? 60 : 6), using: &generator)
            note("\(operation) number \(skipped) fails")
            disk.withFaults { $0.script(operation, on: "", .broken, skipping: skipped) }
        }
    }

    private mutating func begin() throws -> Life {
        let directory = try LogDirectory.open(
            PartitionModelRun.root, disk, clusterID: "c", nodeID: 1, newID: UUID(high: 1, low: 1))
        try directory.takeOver()
        var open = Life(directory: directory, rounds: SyncRounds(on: try disk.volume(of: PartitionModelRun.root)))
        open.shards = Array(repeating: ShardLife(), count: PartitionModelRun.shards)
        let points = try OffsetCheckpoint.recoveryPoint.read(in: PartitionModelRun.root, disk) ?? [:]
        for index in models.indices {
            if try disk.status(directory.path(of: id(index))) == nil {
                _ = try directory.createPartition(id(index), topicID: UUID(high: 2, low: 2))
            }
            let recovered = try LogRecovery.recover(
                directory: directory.path(of: id(index)), fileSystem: disk, configuration: configurations[index],
                wasCleanShutdown: directory.wasCleanShutdown, recoveryPoint: points[id(index)], logStartOffset: nil,
                now: now)
            note("\(index): \(recovered.logStartOffset)..<\(recovered.logEndOffset), \(recovered.events)")
            let log = Log(recovered)
            try models[index].check(recovered: log, events: recovered.events)
            let partition = Partition(
                id: id(index), topicID: UUID(high: 2, low: 2), leaderEpoch: life, log: log)
            open.shards[index % PartitionModelRun.shards].partitions.append((index, partition))
        }
        return open
    }

    private mutating func end() {
        if generator.chance(0.75) {
            note("crash")
            disk = disk.crash(using: &generator, isJournaled: generator.chance(0.5))
            crashes += 1
        } else {
            note("kill")
            disk = disk.kill()
        }
        now += Int64.random(in: 0..<1000, using: &generator)
        disk.now = now
    }
}
