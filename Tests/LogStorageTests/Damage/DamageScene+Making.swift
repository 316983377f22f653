import Bytes
import Files
import LogStorage
import Records
import Simulator

extension DamageScene {
    static let plain = TopicPartition(topic: "plain", partition: 0)
    static let compacted = TopicPartition(topic: "compacted", partition: 1)

    /// A directory with a log of idempotent and transactional producers, several leader epochs and a start that was moved,
    /// and a compacted one.
    static func make(isClean: Bool) throws -> DamageScene {
        let disk = SimulatedFileSystem(seed: 3)
        try disk.createDirectory(root)
        var scene = DamageScene(isClean: isClean)
        try scene.add(plain, disk, .tiny) { try fill($0) }
        try scene.add(compacted, disk, .tinyCompacted) { try fillCompacted($0) }
        try scene.writeCheckpoints(disk)
        try scene.takeFiles(disk)
        return scene
    }

    /// Writes a log; unless the stop is clean, batches of which no sync knows stand at its end.
    private mutating func add(
        _ partition: TopicPartition, _ disk: SimulatedFileSystem, _ configuration: LogConfiguration,
        _ fill: (LogHarness) throws -> Void
    ) throws {
        let directory = "\(DamageScene.root)/\(partition)"
        let harness = try LogHarness(disk, directory, configuration: configuration)
        try disk.open("\(directory)/partition.metadata", .replace).writeAll(
            Array("version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAABA".utf8), at: 0)
        try fill(harness)
        let synced = harness.log.syncedOffset
        if isClean {
            _ = try harness.log.close()?.perform()
        } else {
            for sequence in Int32(0)..<3 {
                try harness.append(
                    Batch(count: 2, timestamp: 1_700_000_009_000, producer: (9, 0, sequence * 2)).bytes,
                    leaderEpoch: 5, sync: false)
            }
        }
        truths[partition] = try PartitionTruth(harness, synced: isClean ? harness.log.logEndOffset : synced)
        configurations[partition] = configuration
    }

    private static func fill(_ harness: LogHarness) throws {
        var sequences: [Int64: Int32] = [:]
        for index in 0..<18 {
            let id = Int64(1 + index % 4)
            let count = 1 + index % 3
            let sequence = sequences[id, default: 0]
            sequences[id] = sequence + Int32(count)
            let batch = Batch(
                count: count, timestamp: 1_700_000_000_000 + Int64(index * 7 % 11) * 100, valueSize: 30,
                fill: UInt8(0x61 + index), compression: Compression.allCases[index % Compression.allCases.count],
                producer: (id, 0, sequence), isTransactional: id == 4)
            let leaderEpoch: Int32 = [0, 2, 5][index / 6]
            try harness.append(batch, leaderEpoch: leaderEpoch)
            guard id == 4 else { continue }
            let marker = EndTransactionMarker(index % 8 == 3 ? .abort : .commit, coordinatorEpoch: 0)
                .batch(producerId: id, producerEpoch: 0, timestamp: batch.timestamp)
            try harness.append(marker.all.bytes, leaderEpoch: leaderEpoch, origin: .coordinator)
        }
        harness.log.deleteRecords(before: 2)
        try harness.log.syncDue(now: harness.now)
    }

    private static func fillCompacted(_ harness: LogHarness) throws {
        for round in 0..<14 {
            try harness.append(
                [Keyed("k\(round % 4)", "value-\(round)"), Keyed("other-\(round % 3)", "\(round)")],
                KeyedOptions(timestamp: 1_700_000_000_000 + Int64(round) * 10, producer: (7, 0, Int32(round * 2))))
        }
        try harness.compact()
    }

    private func writeCheckpoints(_ disk: SimulatedFileSystem) throws {
        try OffsetCheckpoint.recoveryPoint.write(truths.mapValues(\.synced), in: DamageScene.root, disk, sync: true)
        try OffsetCheckpoint.logStartOffset.write(
            truths.mapValues(\.start).filter { $0.value > 0 }, in: DamageScene.root, disk, sync: true)
    }

    private mutating func takeFiles(_ disk: SimulatedFileSystem) throws {
        for name in try disk.list(DamageScene.root) {
            let path = "\(DamageScene.root)/\(name)"
            if try disk.status(path)?.isDirectory != true {
                files[name] = try disk.content(path)
                continue
            }
            for inner in try disk.list(path) { files["\(name)/\(inner)"] = try disk.content("\(path)/\(inner)") }
        }
    }
}

extension FileSystem {
    func content(_ path: String) throws -> [UInt8] {
        let file = try open(path, .read)
        var bytes = [UInt8](repeating: 0, count: Int(try file.size()))
        _ = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
        return bytes
    }
}

extension LogConfiguration {
    /// Three or four batches to a segment, an index entry for nearly each.
    static var tiny: LogConfiguration {
        var configuration = LogConfiguration()
        configuration.segmentBytes = 700
        configuration.indexIntervalBytes = 120
        return configuration
    }

    static var tinyCompacted: LogConfiguration {
        var configuration = LogConfiguration.tiny
        configuration.cleanupPolicy = .compact
        configuration.minCleanableDirtyRatio = 0.01
        return configuration
    }
}
