import Bytes
import Files
import LogStorage
import Records
import Simulator
import Testing

/// Damage, full disks, crashes at every call, and readers that are under way.
struct CompactionTroubleTests {
    private func filled(_ fileSystem: any FileSystem) throws -> LogHarness {
        let harness = try LogHarness(fileSystem, "/t-0", configuration: .compacted)
        try fileSystem.syncDirectory("/")
        let padding = String(repeating: ".", count: 200)
        for round in 0..<30 {
            try harness.append(
                [
                    Keyed("k\(round % 7)", "v\(round)" + padding),
                    Keyed("j\(round % 3)", round % 5 == 0 ? nil : "w\(round)"),
                ],
                KeyedOptions(producer: (Int64(round % 3), 0, Int32(round / 3 * 2))))
        }
        for id in [Int64(8), 9] {
            try harness.append(
                [Keyed("k1", "t\(id)")], KeyedOptions(producer: (id, 0, 0), isTransactional: true))
            try harness.end(id == 8 ? .abort : .commit, id)
        }
        try harness.roll()
        try harness.append([Keyed("k2", "last")])
        return harness
    }

    /// What a reader of committed records ends up with.
    private func committed(_ harness: LogHarness) throws -> [String: String] {
        let aborted = harness.log.abortedTransactions(from: 0, to: .max)
        var table: [String: String] = [:]
        for batch in try harness.batches() where !batch.header.attributes.isControl {
            let isAborted = aborted.contains {
                $0.producerID == batch.header.producerId && $0.firstOffset <= batch.header.baseOffset
                    && $0.lastOffset > batch.header.baseOffset
            }
            if isAborted { continue }
            for record in batch.records { if let key = record.key { table[key] = record.value } }
        }
        return table
    }

    @Test(arguments: [true, false]) func aCrashAtAnyCallLosesNothing(isJournaled: Bool) throws {
        var generator = SeededGenerator(seed: 17)
        var isDone = false
        var changes = 0
        var completed = 0
        while !isDone {
            for _ in 0..<6 {
                let disk = SimulatedFileSystem(seed: UInt64(changes))
                let harness = try filled(disk)
                let before = try committed(harness)
                let end = harness.log.logEndOffset
                let producers = harness.log.activeProducers.map(\.lastSequence)
                disk.cutPower(afterChanges: changes)
                do {
                    try harness.compact()
                    isDone = true
                } catch {}
                let recoveryPoint = Bool.random(using: &generator) ? end : 0
                let isKilled = Int.random(in: 0..<4, using: &generator) == 0
                let after = isKilled ? disk.kill() : disk.crash(using: &generator, isJournaled: isJournaled)
                let reopened = try LogHarness(
                    after, "/t-0", configuration: .compacted, afterCrashWith: recoveryPoint)
                #expect(reopened.log.logEndOffset == end, "after \(changes) changes")
                #expect(reopened.log.logStartOffset == 0)
                #expect(try committed(reopened) == before, "after \(changes) changes")
                #expect(reopened.log.activeProducers.map(\.lastSequence) == producers)
                #expect(reopened.events.allSatisfy { $0.level != .error }, "\(reopened.events)")
                #expect(try reopened.names().allSatisfy { !$0.hasSuffix(".cleaned") && !$0.hasSuffix(".swap") })
                if reopened.events.contains(.swapCompleted(baseOffset: 0)) { completed += 1 }
                // What a crash left is compacted by the next pass like anything else.
                try reopened.compact()
                #expect(try committed(reopened) == before)
                if isDone { break }
            }
            changes += 1
        }
        #expect(changes > 20 && completed > 0)
    }

    /// Recovery itself is interrupted as well.
    @Test func recoveryOfAReplacementMayCrashToo() throws {
        var generator = SeededGenerator(seed: 5)
        for round in 0..<240 {
            let disk = SimulatedFileSystem(seed: UInt64(round))
            let harness = try filled(disk)
            let before = try committed(harness)
            let end = harness.log.logEndOffset
            disk.cutPower(afterChanges: Int.random(in: 5..<40, using: &generator))
            _ = try? harness.compact()
            // What a process that was killed has done is there, and may be lost with the power later.
            var after = generator.chance(0.5) ? disk.kill() : disk.crash(using: &generator, isJournaled: false)
            for _ in 0..<3 {
                after.cutPower(afterChanges: Int.random(in: 0..<12, using: &generator))
                _ = try? LogRecovery.recover(
                    directory: "/t-0", fileSystem: after, configuration: .compacted, wasCleanShutdown: false,
                    recoveryPoint: end, logStartOffset: nil, now: 0)
                after = after.crash(using: &generator, isJournaled: false)
            }
            let reopened = try LogHarness(after, "/t-0", configuration: .compacted, afterCrashWith: end)
            #expect(reopened.log.logEndOffset == end, "round \(round)")
            #expect(try committed(reopened) == before, "round \(round)")
        }
    }

    @Test func aDamagedBatchStopsThePass() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let harness = try filled(disk)
        let names = try harness.names(".log")
        var bytes = try harness.content(names[1])
        bytes[bytes.count / 2] ^= 4
        try harness.replace(names[1], with: bytes)
        #expect {
            try harness.compact()
        } throws: { error in
            if case CompactionError.corrupt(let segment, _) = error { segment > 0 } else { false }
        }
        #expect(try harness.names(".log") == names)
        #expect(try harness.names(".cleaned").isEmpty && harness.log.cleanedOffset == 0)
        #expect(try harness.content(names[1]) == bytes)
        // Damage that is known already is not gone over.
        _ = harness.read(from: 0, maximumBytes: 1 << 20)
        _ = harness.read(from: Int64(names[1].prefix(20)) ?? 0, maximumBytes: 1 << 20)
        #expect(!harness.log.isCompacting)
    }

    /// A base offset that is too high makes the records seem newer than those of the segments behind.
    @Test func aBatchThatEndsPastItsSegmentStopsThePass() throws {
        let harness = try LogHarness(SimulatedFileSystem(seed: 1), "/t-0", configuration: .compacted)
        try harness.append([Keyed("filler", String(repeating: "f", count: 3900))])
        try harness.append([Keyed("a", "1")])
        try harness.append([Keyed("a", "2"), Keyed("b", String(repeating: "f", count: 3000))])
        try harness.roll()
        try harness.append([Keyed("a", "3")])
        #expect(try harness.names(".log").prefix(2) == [firstLog, "00000000000000000002.log"])
        var bytes = try harness.content(firstLog)
        let last = try #require(bytes.withUnsafeBytes { try batchPositions($0) }.last)
        bytes[last + 6] ^= 1
        try harness.replace(firstLog, with: bytes)
        #expect(throws: CompactionError.corrupt(segment: 0, position: Int64(last))) { try harness.compact() }
        #expect(try harness.batches(from: 2).first?.records.first?.value == "2")
    }

    /// Otherwise nothing would tell any more that records are missing, once its segment is part of another.
    @Test func aLostEndStopsThePass() throws {
        let harness = try filled(SimulatedFileSystem(seed: 1))
        let bytes = try harness.content(firstLog)
        let last = try #require(bytes.withUnsafeBytes { try batchPositions($0) }.last)
        try harness.replace(firstLog, with: Array(bytes[..<last]))
        try harness.reopen(cleanly: false, recoveryPoint: harness.log.logEndOffset)
        #expect(throws: CompactionError.corrupt(segment: 0, position: Int64(last))) { try harness.compact() }
    }

    @Test func whatUnpacksToTooMuchIsLeftAlone() throws {
        let harness = try LogHarness(SimulatedFileSystem(seed: 1), "/t-0", configuration: .compacted)
        try harness.append(
            [Keyed("a", String(repeating: "z", count: 100_000))], KeyedOptions(compression: .zstd))
        try harness.roll()
        #expect(throws: CompactionError.corrupt(segment: 0, position: 0)) {
            try harness.compact { $0.maximumDecompressedSize = 50_000 }
        }
        #expect(try harness.compact() != nil)
    }

    /// What is not packed is in memory as it is: a coordinator's decision is one batch, whatever its size.
    @Test func whatIsNotPackedIsCompactedWhateverItsSize() throws {
        var configuration = LogConfiguration.compacted
        configuration.segmentBytes = 200_000
        let harness = try LogHarness(SimulatedFileSystem(seed: 1), "/t-0", configuration: configuration)
        let value = String(repeating: "z", count: 1_000)
        #expect(try harness.append((0..<100).map { Keyed("k\($0)", value) }).error == nil)
        try harness.append([Keyed("k0", "new")])
        try harness.roll()
        try harness.compact { $0.maximumDecompressedSize = 50_000 }
        #expect(try harness.records().filter { $0.key == "k0" }.count == 1)
        #expect(try harness.records().filter { $0.key == "k1" }.count == 1)
    }

    @Test func aFullDiskEndsThePassAndNothingIsLost() throws {
        for writes in 0..<4 {
            let disk = SimulatedFileSystem(seed: 1)
            let harness = try filled(disk)
            let before = try committed(harness)
            disk.withFaults { $0.script(.write, on: ".cleaned", .full, skipping: writes) }
            do {
                try harness.compact()
            } catch CompactionError.file(let error) {
                #expect(error.isOutOfSpace)
            }
            #expect(try committed(harness) == before)
            #expect(try harness.names(".cleaned").isEmpty)
            try harness.compact()
            #expect(try committed(harness) == before)
        }
    }

    @Test func aPassCanBeEnded() throws {
        let harness = try filled(SimulatedFileSystem(seed: 1))
        let before = try committed(harness)
        let host = DirectHost(harness.log)
        try harness.compact(host: host)
        let whole = host.bytes
        #expect(whole > 0)
        for budget in stride(from: 0, to: whole, by: whole / 5) {
            let harness = try filled(SimulatedFileSystem(seed: 1))
            let host = DirectHost(harness.log)
            host.budget = budget
            #expect(throws: CompactionError.cancelled) { try harness.compact(host: host) }
            #expect(try committed(harness) == before)
            #expect(try harness.names(".cleaned").isEmpty)
        }
    }

    @Test func namesThatCannotBeChangedKeepTheSegmentOpen() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let harness = try filled(disk)
        let before = try committed(harness)
        disk.withFaults { $0.script(.rename, on: ".log.swap", .broken) }
        #expect(throws: CompactionError.self) { try harness.compact() }
        harness.log.closeIdleFiles()
        #expect(try committed(harness) == before)
        #expect(try harness.compact() == nil)
        #expect(harness.log.enforceRetention(now: .max, highWatermark: harness.log.logEndOffset) == nil)
        try harness.reopen(cleanly: true)
        #expect(harness.events.contains(.swapCompleted(baseOffset: 0)))
        #expect(try committed(harness) == before)
    }

    @Test func readersKeepTheirFilesAndJobsAreAnsweredAnew() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let harness = try filled(disk)
        guard case .bytes(let held) = harness.read(from: 0, maximumBytes: 1 << 20) else {
            Issue.record("nothing to read")
            return
        }
        var expected = [UInt8](repeating: 0, count: held.count)
        _ = try expected.withUnsafeMutableBytes { try held.segment.file.read(into: $0, at: held.position) }
        harness.log.closeIdleFiles()
        disk.withFaults { $0.coldReads = 1 }
        guard case .needsDisk(let early) = harness.log.read(from: 5, maximumBytes: 300, upTo: 60),
            case .needsDisk(let late) = harness.log.read(from: 5, maximumBytes: 300, upTo: 60)
        else {
            Issue.record("no cold read")
            return
        }
        disk.withFaults { $0.coldReads = 0 }
        let host = DirectHost(harness.log)
        var between: [LogReadOutcome] = []
        host.onInstall = { [harness] in between.append(harness.settle(harness.log.finish(early.run()))) }
        try harness.compact(host: host)
        between.append(harness.settle(harness.log.finish(late.run())))
        for outcome in between {
            guard case .bytes(let read) = outcome else {
                Issue.record("\(outcome)")
                continue
            }
            var bytes = [UInt8](repeating: 0, count: read.count)
            _ = try bytes.withUnsafeMutableBytes { try read.segment.file.read(into: $0, at: read.position) }
            let batch = try bytes.withUnsafeBytes { try StoredBatch(try RecordBatchView($0)) }
            let first = try harness.batches(from: 5).first
            #expect(batch.header == first?.header)
        }
        var still = [UInt8](repeating: 0, count: held.count)
        _ = try still.withUnsafeMutableBytes { try held.segment.file.read(into: $0, at: held.position) }
        #expect(still == expected)
    }

    @Test func appendsGoOnWhileALogIsCompacted() throws {
        let harness = try filled(SimulatedFileSystem(seed: 1))
        let host = DirectHost(harness.log)
        var appended = 0
        let append = { [harness] in
            for _ in 0..<30 {
                appended += 1
                #expect(throws: Never.self) { try harness.append([Keyed("new", "\(appended)")]) }
            }
        }
        host.onInstall = append
        host.onSettle = append
        try harness.compact(host: host)
        #expect(appended > 0)
        #expect(try harness.table()["new"] == "\(appended)")
        try harness.reopen(cleanly: false, recoveryPoint: 0)
        #expect(try harness.table()["new"] == "\(appended)")
    }
}
