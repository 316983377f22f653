import Bytes
import Files
import LogStorage
import Records
import Simulator
import Testing

/// A crash in the middle of recovery leaves nothing by which the next one is misled.
struct InterruptedRecoveryTests {
    /// A transaction that was aborted, whose index entry no sync covers, in front of a segment that nobody knows of yet.
    private func aborted(_ disk: SimulatedFileSystem) throws -> (harness: LogHarness, end: Int64) {
        let harness = try LogHarness(disk, "/t-0", configuration: .small)
        try disk.syncDirectory("/")
        try harness.append([Keyed("k", "v")], KeyedOptions(producer: (8, 0, 0), isTransactional: true))
        try harness.end(.abort, 8)
        let end = harness.log.logEndOffset
        try harness.append(Batch(valueSize: 4000).bytes, sync: false)
        #expect(harness.log.segmentCount == 2)
        return (harness, end)
    }

    private func isKnown(_ after: SimulatedFileSystem, recoveryPoint: Int64) throws -> Bool {
        let reopened = try LogHarness(after, "/t-0", configuration: .small, afterCrashWith: recoveryPoint)
        return reopened.log.abortedTransactions(from: 0, to: .max).map(\.producerID) == [8]
    }

    @Test(arguments: [true, false]) func abortedTransactionsAreFoundAgain(isJournaled: Bool) throws {
        var generator = SeededGenerator(seed: 3)
        for changes in 0..<30 {
            for _ in 0..<20 {
                let disk = SimulatedFileSystem(seed: UInt64(changes))
                let end = try aborted(disk).end
                var after = disk.crash(using: &generator, isJournaled: isJournaled)
                after.cutPower(afterChanges: changes)
                _ = try? LogHarness(after, "/t-0", configuration: .small, afterCrashWith: end)
                after = after.crash(using: &generator, isJournaled: isJournaled)
                #expect(try isKnown(after, recoveryPoint: end), "after \(changes) changes")
            }
        }
    }

    /// The index may have been written before the marker was lost.
    @Test func aTransactionWhoseMarkerIsLostEndsAnew() throws {
        var generator = SeededGenerator(seed: 5)
        var lost = 0
        for _ in 0..<60 {
            let disk = SimulatedFileSystem(seed: 2)
            let harness = try LogHarness(disk, "/t-0", configuration: .small)
            try disk.syncDirectory("/")
            try harness.append([Keyed("k", "v")], KeyedOptions(producer: (8, 0, 0), isTransactional: true))
            let marker = EndTransactionMarker(.abort, coordinatorEpoch: 0)
                .batch(producerId: 8, producerEpoch: 0, timestamp: harness.now)
            try harness.append(marker.all.bytes, origin: .coordinator, sync: false)
            let after = disk.crash(using: &generator, isJournaled: true)
            let reopened = try LogHarness(after, "/t-0", configuration: .small, afterCrashWith: 1)
            let isLost = reopened.log.logEndOffset == 1
            if isLost { try reopened.end(.commit, 8) }
            try reopened.reopen()
            #expect(reopened.log.abortedTransactions(from: 0, to: .max).map(\.producerID) == (isLost ? [] : [8]))
            lost += isLost ? 1 : 0
        }
        #expect(lost > 0)
    }

    /// The snapshot behind a segment tells recovery that the segment's indexes are complete.
    @Test func noSnapshotStandsBehindAnIndexThatFoundNoRoom() throws {
        var generator = SeededGenerator(seed: 4)
        for round in 0..<40 {
            let disk = SimulatedFileSystem(seed: 1)
            let (harness, end) = try aborted(disk)
            disk.withFaults {
                $0.script(.truncate, on: ".log", .full)
                $0.script(.write, on: "transaction-index-checksums.tmp", .full)
            }
            let sync = try #require(harness.log.takeSync(now: harness.now))
            let remainder = try sync.perform()
            #expect(remainder != .none)
            harness.log.syncCompleted(sync, leaving: remainder)
            #expect(harness.log.recoveryPoint == end)
            if round > 0 {
                #expect(try isKnown(disk.crash(using: &generator, isJournaled: true), recoveryPoint: end))
                continue
            }
            // It comes with the next sync.
            let name = "0000000000000000000\(end).snapshot"
            #expect(try !disk.list("/t-0").contains(name))
            try harness.append(Batch())
            #expect(harness.log.recoveryPoint == harness.log.logEndOffset)
            #expect(try disk.list("/t-0").contains(name))
        }
    }
}
