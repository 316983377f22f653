import Bytes
import EmbeddedStore
import Files

/// The metadata's store through several lives: appends, snapshots, restarts, kills and power losses, at any call. What was
/// acknowledged is there afterwards, and an epoch that was won is not won again.
package struct StoreModelRun: ModelRun {
    private static let directory = "/data/metadata"

    private var generator: SeededGenerator
    private var disk: SimulatedFileSystem
    /// What was acknowledged, and behind it what may have been written without an answer.
    private var acknowledged: [EncodedRecord] = []
    private var unanswered: [EncodedRecord] = []
    private var epoch: Int32 = 0
    package private(set) var trace: [String] = []
    package private(set) var crashes = 0

    package init(seed: UInt64) throws {
        generator = SeededGenerator(seed: seed)
        disk = SimulatedFileSystem(seed: seed)
        try disk.createDirectory("/data")
        try disk.syncDirectory("/")
    }

    package mutating func live() throws {
        injectFaults()
        if generator.chance(0.8) { disk.cutPower(afterChanges: Int.random(in: 0..<40, using: &generator)) }
        do {
            let store = try open()
            let won = try store.campaign(now: 0)
            guard won > epoch else { throw ModelFailure("epoch \(won) is won after epoch \(epoch)") }
            epoch = won
            while !generator.chance(0.05) { try step(store) }
            if generator.chance(0.5) { try store.close(now: 0) }
        } catch let error as StoreError {
            switch error {
            case .disk, .stopped: note("\(error)")
            default: throw ModelFailure("after \(acknowledged.count) records: \(error)")
            }
        }
        end()
    }

    private mutating func note(_ text: String) {
        if trace.count >= 400 { trace.removeFirst(200) }
        trace.append(text)
    }

    private mutating func injectFaults() {
        let kind = Int.random(in: 0..<8, using: &generator)
        let skipped = Int.random(in: 0..<6, using: &generator)
        disk.withFaults {
            switch kind {
            case 0: $0.script(.write, .broken, skipping: skipped)
            case 1: $0.script(.sync, .broken, skipping: skipped)
            case 2: $0.script(.write, .full, skipping: skipped)
            case 3: $0.script(.syncDirectory, .broken, skipping: skipped)
            default: $0.shortWrites = 0.2
            }
        }
    }

    private mutating func open() throws -> EmbeddedStore {
        let store = try EmbeddedStore.open(StoreModelRun.directory, on: disk, now: 0)
        let contents = store.contents
        let found = (contents.snapshot?.records ?? []) + contents.batches.flatMap(\.records)
        note("opened with \(found.count) records: \(contents.notices)")
        guard found == acknowledged || found == acknowledged + unanswered else {
            throw ModelFailure(
                "\(found.count) records, \(acknowledged.count) acknowledged, \(unanswered.count) not answered")
        }
        guard store.endOffset == Int64(found.count) else { throw ModelFailure("ends at \(store.endOffset)") }
        guard store.controllerEpoch >= epoch else {
            throw ModelFailure("epoch \(store.controllerEpoch) after epoch \(epoch)")
        }
        acknowledged = found
        unanswered = []
        return store
    }

    private mutating func end() {
        if generator.chance(0.75) {
            note("crash")
            disk = disk.crash(using: &generator)
            crashes += 1
        } else {
            note("kill")
            disk = disk.kill()
        }
    }

    private mutating func step(_ store: EmbeddedStore) throws {
        if generator.chance(0.05) { try snapshot(store) }
        let records = randomRecords()
        unanswered = records
        do {
            let offset = try store.append(records, fencedBy: epoch, now: 0)
            guard offset == Int64(acknowledged.count) else { throw ModelFailure("appended at \(offset)") }
            acknowledged += records
            note("appended \(records.count) at \(offset)")
        } catch let error as StoreError {
            try forgive(error)
        }
        unanswered = []
    }

    private mutating func snapshot(_ store: EmbeddedStore) throws {
        do {
            try store.write(
                Snapshot(
                    endOffset: store.endOffset, controllerEpoch: store.controllerEpoch, time: 0, records: acknowledged))
            note("snapshot of \(acknowledged.count)")
        } catch {
            try forgive(error)
        }
    }

    /// A full disk ends nothing.
    private mutating func forgive(_ error: StoreError) throws {
        guard case .disk(let failure) = error, failure.isOutOfSpace else { throw error }
        note("no room")
    }

    private mutating func randomRecords() -> [EncodedRecord] {
        (0..<Int.random(in: 1...4, using: &generator)).map { _ in
            let size = [0, 5, 20, 60, 600, 5000].randomElement(using: &generator) ?? 0
            let filling: UInt8 = generator.chance(0.3) ? 0 : UInt8.random(in: 1...255, using: &generator)
            var payload = [UInt8](repeating: filling, count: size)
            // A power loss leaves zeros, so a sector full of zeros would make damage look like one.
            for position in stride(from: 0, to: size, by: 100) { payload[position] = 1 }
            return EncodedRecord(type: UInt16.random(in: 0...9, using: &generator), version: 0, payload: payload)
        }
    }
}
