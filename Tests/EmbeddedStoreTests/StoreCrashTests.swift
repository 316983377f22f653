import EmbeddedStore
import Files
import Testing

/// Random appends, snapshots, restarts, kills and power losses, at any call: what was acknowledged is there afterwards.
@Suite struct StoreCrashTests {
    private struct Run {
        var generator: SeededGenerator
        var disk: SimulatedFileSystem
        /// What was acknowledged, and behind it what may have been written without an answer.
        var acknowledged: [EncodedRecord] = []
        var unanswered: [EncodedRecord] = []
        var epoch: Int32 = 0
        var crashes = 0

        init(seed: UInt64) throws {
            generator = SeededGenerator(seed: seed)
            disk = try newDisk(seed: seed)
        }

        mutating func randomRecords() -> [EncodedRecord] {
            (0..<Int.random(in: 1...4, using: &generator)).map { _ in
                let size = [0, 5, 20, 60, 600, 5000].randomElement(using: &generator) ?? 0
                let filling: UInt8 = generator.chance(0.3) ? 0 : UInt8.random(in: 1...255, using: &generator)
                var payload = [UInt8](repeating: filling, count: size)
                // A power loss leaves zeros, so a sector full of zeros would make damage look like one.
                for position in stride(from: 0, to: size, by: 100) { payload[position] = 1 }
                return EncodedRecord(type: UInt16.random(in: 0...9, using: &generator), version: 0, payload: payload)
            }
        }

        mutating func injectFaults() {
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

        /// Opens the store, checks what is in it, and works until something ends the process.
        mutating func life() {
            injectFaults()
            if generator.chance(0.8) { disk.cutPower(afterChanges: Int.random(in: 0..<40, using: &generator)) }
            do throws(StoreError) {
                let (store, contents) = try open(disk)
                check(contents, store)
                epoch = try store.campaign(now: 0)
                while !generator.chance(0.05) { try step(store) }
                if generator.chance(0.5) { try store.close(now: 0) }
            } catch {
                switch error {
                case .disk, .stopped: break
                default: Issue.record("after \(acknowledged.count) records: \(error)")
                }
            }
            if generator.chance(0.75) {
                disk = disk.crash(using: &generator)
                crashes += 1
            } else {
                disk = disk.kill()
            }
        }

        mutating func step(_ store: EmbeddedStore) throws(StoreError) {
            if generator.chance(0.05) {
                do throws(StoreError) {
                    try store.snapshot(acknowledged, now: 0)
                } catch {
                    try forgive(error)
                }
            }
            let records = randomRecords()
            unanswered = records
            do throws(StoreError) {
                let offset = try store.append(records, fencedBy: epoch, now: 0)
                #expect(offset == Int64(acknowledged.count))
                acknowledged += records
            } catch {
                try forgive(error)
            }
            unanswered = []
        }

        /// A full disk ends nothing.
        private func forgive(_ error: StoreError) throws(StoreError) {
            guard case .disk(let failure) = error, failure.isOutOfSpace else { throw error }
        }

        mutating func check(_ contents: StoreContents, _ store: EmbeddedStore) {
            let found = contents.records
            let isRight = found == acknowledged || found == acknowledged + unanswered
            #expect(isRight, "\(found.count) records, \(acknowledged.count) acknowledged, \(unanswered.count) not")
            #expect(store.endOffset == Int64(found.count))
            #expect(store.controllerEpoch >= epoch)
            acknowledged = found
            unanswered = []
        }
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func whatIsAcknowledgedSurvives(part: UInt64) throws {
        let seed = testSeed &+ part
        print("EmbeddedStore crashes: MARTLET_SEED=\(testSeed), part \(part)")
        var crashes = 0
        for round in 0..<12 as Range<UInt64> {
            var run = try Run(seed: seed &* 1000 &+ round)
            for _ in 0..<15 { run.life() }
            crashes += run.crashes
        }
        #expect(crashes > 50)
    }
}
