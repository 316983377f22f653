import Bytes
import Files
import LogStorage
import Records
import Simulator
import Testing

struct ProducerTests {
    let directory: TemporaryDirectory
    let harness: LogHarness

    init() throws {
        directory = try TemporaryDirectory()
        harness = try LogHarness(RealFileSystem(), directory.path + "/t-0", configuration: .small)
    }

    @discardableResult
    private func send(_ sequence: Int32, count: Int = 1, id: Int64 = 1, epoch: Int16 = 0) throws -> AppendOutcome {
        try harness.append(Batch(count: count, producer: (id, epoch, sequence)))
    }

    private func marker(_ outcome: EndTransactionMarker.Outcome, id: Int64, coordinatorEpoch: Int32 = 0) throws
        -> AppendOutcome
    {
        let batch = EndTransactionMarker(outcome, coordinatorEpoch: coordinatorEpoch)
            .batch(producerId: id, producerEpoch: 0, timestamp: 5)
        return try harness.append(batch.all.bytes, origin: .coordinator)
    }

    @Test func gapsAreRefusedAndTheNextSequenceIsTaken() throws {
        #expect(try send(0, count: 3).baseOffset == 0)
        #expect(try send(4).error == .outOfOrderSequence)
        #expect(try send(3).baseOffset == 3)
        #expect(AppendError.outOfOrderSequence.code == 45)
    }

    @Test func whatWasSentBeforeIsAnsweredWithItsOffset() throws {
        for sequence in 0..<7 { try send(Int32(sequence)) }
        for sequence in 2..<7 {
            guard case .duplicate(let batch) = try send(Int32(sequence)) else {
                Issue.record("sequence \(sequence) was not recognised")
                continue
            }
            #expect(batch.baseOffset == Int64(sequence) && batch.lastOffset == Int64(sequence))
            #expect(batch.maxTimestamp == Batch().timestamp)
        }
        // Five are remembered.
        #expect(try send(1).error == .outOfOrderSequence)
        // Part of a batch is not the batch.
        #expect(try send(6, count: 2).error == .outOfOrderSequence)
        #expect(harness.log.logEndOffset == 7)
    }

    @Test func epochsRiseAndBeginAnew() throws {
        try send(0, epoch: 3)
        #expect(try send(1, epoch: 2).error == .invalidProducerEpoch)
        #expect(try send(1, epoch: 4).error == .outOfOrderSequence)
        #expect(try send(0, epoch: 4).baseOffset == 1)
        #expect(try send(1, epoch: 3).error == .invalidProducerEpoch)
        #expect(AppendError.invalidProducerEpoch.code == 47)
    }

    @Test func anUnknownProducerMayBeginAnywhereAndSequencesWrap() throws {
        #expect(try send(.max - 1, count: 2).baseOffset == 0)
        #expect(try send(0, count: 1).baseOffset == 2)
        #expect(try send(.max - 1, count: 2).baseOffset == 0)
        #expect(try send(.max - 3, count: 6, id: 2).baseOffset == 3)
        #expect(try send(2, id: 2).baseOffset == 9)
        #expect(try send(.max - 3, count: 6, id: 2).baseOffset == 3)
    }

    @Test func stagedBatchesCountAsSent() throws {
        var first = Batch(producer: (1, 0, 0)).bytes
        var same = first
        _ = first.withUnsafeMutableBytes { harness.log.append($0, leaderEpoch: 0, now: 0) }
        let outcome = same.withUnsafeMutableBytes { harness.log.append($0, leaderEpoch: 0, now: 0) }
        guard case .duplicate(let batch) = outcome else { Issue.record("not recognised"); return }
        #expect(batch.baseOffset == 0)
        #expect(harness.log.writeStaged(now: 0) == nil)
        withExtendedLifetime(first) {}
    }

    @Test(arguments: [true, false]) func allThatIsInFlightIsRecognisedAfterARestart(cleanly: Bool) throws {
        for sequence in 0..<40 {
            try send(Int32(sequence), id: 1)
            try send(Int32(sequence * 2), count: 2, id: 2)
            try harness.append(Batch(valueSize: 200))
        }
        #expect(harness.log.segmentCount > 3)
        let producers = harness.log.activeProducers
        #expect(producers.map(\.lastSequence) == [39, 79])
        try harness.reopen(cleanly: cleanly, recoveryPoint: 0)
        #expect(harness.log.activeProducers == producers)
        for sequence in 35..<40 {
            guard case .duplicate(let batch) = try send(Int32(sequence)) else {
                Issue.record("sequence \(sequence) was not recognised")
                continue
            }
            #expect(batch.baseOffset == Int64(sequence * 4))
        }
        #expect(try send(34).error == .outOfOrderSequence)
        #expect(try send(40).baseOffset == 160)
    }

    @Test func aBadSnapshotIsReplacedByTheLogItself() throws {
        for sequence in 0..<60 { try harness.append(Batch(valueSize: 200, producer: (1, 0, Int32(sequence)))) }
        let producers = harness.log.activeProducers
        _ = try harness.log.close()?.perform()
        for name in try harness.fileSystem.list(harness.directory) where name.hasSuffix(".snapshot") {
            var bytes = try harness.content(name)
            bytes[bytes.count - 1] ^= 1
            try harness.replace(name, with: bytes)
        }
        try harness.reopen(closing: false)
        #expect(harness.log.activeProducers == producers)
        #expect(harness.events.contains { if case .leftoverRemoved = $0 { true } else { false } })
    }

    @Test func silentProducersAreForgotten() throws {
        try harness.append(Batch(timestamp: 1000, producer: (1, 0, 0)))
        try harness.append(Batch(timestamp: 2000, producer: (2, 0, 0)))
        try harness.append(Batch(timestamp: 1000, producer: (3, 0, 0), isTransactional: true))
        harness.log.expireProducers(now: 2500, after: 1000)
        #expect(harness.log.activeProducers.map(\.id) == [2, 3])
        #expect(try send(17).baseOffset == 3)
    }

    /// What a roll has noted of the producers is all that is left of them when the segment goes: it has to outlast a power
    /// loss before that.
    @Test(arguments: 0..<10 as Range<UInt64>) func aPowerLossForgetsNoProducerOfDeletedSegments(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let disk = SimulatedFileSystem(seed: seed)
        try disk.createDirectory("/t-0")
        try disk.syncDirectory("/")
        let first = try LogHarness(disk, "/t-0", configuration: .small)
        try first.append(Batch(producer: (5, 0, 0)))
        while first.log.segmentCount < 3 { try first.append(Batch(valueSize: 1500)) }
        let end = first.log.recoveryPoint
        #expect(end == first.log.logEndOffset)

        let second = try LogHarness(
            disk.crash(using: &generator), "/t-0", configuration: .small, afterCrashWith: end)
        #expect(second.log.activeProducers.map(\.id) == [5])
        second.log.deleteRecords(before: second.log.logEndOffset - 1)
        try #require(second.log.enforceRetention(now: second.now, highWatermark: end)).rename()

        let third = try LogHarness(
            try #require(second.fileSystem as? SimulatedFileSystem).kill(), "/t-0", configuration: .small,
            afterCrashWith: end)
        #expect(third.log.activeProducers.map(\.id) == [5])
    }

    @Test func transactionsHoldTheLastStableOffset() throws {
        try harness.append(Batch(count: 2))
        try harness.append(Batch(producer: (1, 0, 0), isTransactional: true))
        try harness.append(Batch(producer: (2, 0, 0), isTransactional: true))
        #expect(harness.log.lastStableOffset(highWatermark: 4) == 2)
        #expect(harness.log.lastStableOffset(highWatermark: 1) == 1)
        #expect(try send(1).error == .invalidTransactionState)
        #expect(try marker(.abort, id: 1).baseOffset == 4)
        // The marker is not replicated yet.
        #expect(harness.log.lastStableOffset(highWatermark: 4) == 2)
        harness.log.highWatermarkAdvanced(to: 5)
        #expect(harness.log.lastStableOffset(highWatermark: 5) == 3)
        #expect(try marker(.commit, id: 2, coordinatorEpoch: 3).baseOffset == 5)
        harness.log.highWatermarkAdvanced(to: 6)
        #expect(harness.log.lastStableOffset(highWatermark: 6) == 6)
        #expect(try marker(.commit, id: 2, coordinatorEpoch: 2).error == .transactionCoordinatorFenced)
    }

    @Test(arguments: [true, false]) func abortedTransactionsAreKeptByTheirIndex(cleanly: Bool) throws {
        for round in 0..<30 {
            let producer = (id: Int64(round), epoch: Int16(0), sequence: Int32(0))
            try harness.append(Batch(count: 2, valueSize: 100, producer: producer, isTransactional: true))
            _ = try marker(round % 2 == 0 ? .abort : .commit, id: Int64(round))
        }
        try harness.append(Batch(producer: (100, 0, 0), isTransactional: true))
        #expect(harness.log.segmentCount > 1)
        harness.log.highWatermarkAdvanced(to: 91)
        let all = harness.log.abortedTransactions(from: 0, to: 91)
        #expect(all.count == 15)
        let starts = (0..<15).map { (round: Int64) in round * 6 }
        #expect(all.map(\.firstOffset) == starts)
        #expect(all.map(\.lastOffset) == starts.map { $0 + 2 })
        #expect(harness.log.abortedTransactions(from: 9, to: 20).map(\.firstOffset) == [12, 18])
        #expect(harness.log.abortedTransactions(from: 8, to: 12).map(\.firstOffset) == [6])
        try harness.reopen(cleanly: cleanly, recoveryPoint: 0)
        #expect(harness.log.abortedTransactions(from: 0, to: 91) == all)
        #expect(harness.log.lastStableOffset(highWatermark: 91) == 90)
        let index = try harness.content("00000000000000000000.txnindex")
        #expect(index.count > 0 && index.count % 34 == 0)
    }
}
