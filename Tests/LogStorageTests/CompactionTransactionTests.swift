import Bytes
import Files
import LogStorage
import Records
import Simulator
import Testing

/// What compaction does with transactions and with what tells the producers.
struct CompactionTransactionTests {
    let disk = SimulatedFileSystem(seed: 4)
    let harness: LogHarness

    init() throws {
        harness = try LogHarness(disk, "/t-0", configuration: .compacted)
        configure { $0.deleteRetentionMs = 1000 }
    }

    private func configure(_ change: (inout LogConfiguration) -> Void) {
        change(&harness.configuration)
        harness.log.configure(harness.configuration)
    }

    private func send(_ id: Int64, _ sequence: Int32, _ records: [Keyed], isTransactional: Bool = true) throws {
        let outcome = try harness.append(
            records, KeyedOptions(producer: (id, 0, sequence), isTransactional: isTransactional))
        #expect(outcome.error == nil)
    }

    private func markers() throws -> [StoredBatch] {
        try harness.batches().filter(\.header.attributes.isControl)
    }

    private func aborted() -> [AbortedTransaction] {
        harness.log.abortedTransactions(from: 0, to: .max)
    }

    /// One pass over everything, with another record of the producers that are to be forgotten.
    private func pass(after milliseconds: Int64 = 0) throws {
        harness.now += milliseconds
        try harness.roll()
        try harness.compact()
    }

    @Test func abortedRecordsGoAndHideNothing() throws {
        try harness.append([Keyed("a", "1"), Keyed("b", "1")])
        try send(1, 0, [Keyed("a", "aborted"), Keyed("b", nil)])
        try harness.end(.abort, 1)
        try send(2, 0, [Keyed("b", "2")])
        try harness.end(.commit, 2)
        try pass()
        #expect(try harness.table() == ["a": "1", "b": "2"])
        #expect(try harness.records().map(\.offset) == [0, 5])
    }

    @Test func theNextTransactionOfAProducerIsNotTakenForTheAbortedOne() throws {
        for round in 0..<6 {
            try send(1, Int32(round), [Keyed("k\(round)", "\(round)")])
            try harness.end(round % 2 == 0 ? .abort : .commit, 1)
        }
        for _ in 0..<4 {
            try pass(after: 2000)
            #expect(try harness.table() == ["k1": "1", "k3": "3", "k5": "5"])
        }
        try harness.reopen(cleanly: false, recoveryPoint: 0)
        #expect(try harness.table() == ["k1": "1", "k3": "3", "k5": "5"])
        #expect(harness.log.lastStableOffset(highWatermark: harness.log.logEndOffset) == harness.log.logEndOffset)
    }

    @Test func anAbortedTransactionIsIndexedAsLongAsABatchOfItIsThere() throws {
        try send(1, 0, [Keyed("a", "1")])
        try harness.end(.abort, 1)
        try send(1, 1, [Keyed("a", "2")])
        try harness.end(.abort, 1)
        #expect(aborted().map(\.firstOffset) == [0, 2])
        // The pass meets both and empties them; the last of the producer stays as a header.
        try pass()
        #expect(aborted().map(\.firstOffset) == [0, 2])
        #expect(try markers().count == 2)
        try harness.reopen(cleanly: true)
        #expect(aborted().map(\.firstOffset) == [0, 2])
        try pass()
        #expect(aborted().map(\.firstOffset) == [2])
        #expect(try markers().map(\.header.deleteHorizon) == [harness.now + 1000, nil])
        try pass(after: 999)
        #expect(try markers().count == 2)
        try pass(after: 1)
        #expect(try markers().count == 1)
        #expect(try harness.records().isEmpty)
    }

    @Test func aCommitMarkerGoesAfterItsRecords() throws {
        try send(1, 0, [Keyed("a", "1")])
        try harness.end(.commit, 1)
        try send(1, 1, [Keyed("a", "2")], isTransactional: false)
        try pass()
        #expect(try harness.table() == ["a": "2"])
        #expect(try markers().map(\.header.deleteHorizon) == [nil])
        try pass()
        #expect(try markers().map(\.header.deleteHorizon) == [harness.now + 1000])
        try pass(after: 1000)
        #expect(try markers().isEmpty)
    }

    @Test func aTransactionOverSeveralSegmentsIsOne() throws {
        try send(1, 0, [Keyed("a", "aborted")])
        try harness.roll()
        try send(1, 1, [Keyed("b", "aborted")])
        try send(2, 0, [Keyed("a", "1")])
        try harness.roll()
        try harness.end(.commit, 2)
        try harness.end(.abort, 1)
        try pass()
        #expect(try harness.table() == ["a": "1"])
        #expect(try markers().count == 2)
    }

    @Test func aProducerIsKnownWhenAllItsRecordsAreGone() throws {
        try send(1, 0, [Keyed("a", "1"), Keyed("b", "1")], isTransactional: false)
        try send(1, 2, [Keyed("a", "2")], isTransactional: false)
        try send(2, 0, [Keyed("a", "3"), Keyed("b", "3")], isTransactional: false)
        try pass()
        let batches = try harness.batches()
        let kept = try #require(batches.first { $0.header.producerId == 1 })
        #expect(batches.filter { $0.header.producerId == 1 }.count == 1)
        #expect(kept.records.isEmpty && kept.header.recordCount == 0 && kept.header.baseOffset == 2)
        #expect(kept.header.baseSequence == 2 && kept.header.producerEpoch == 0)
        #expect(kept.header.maxTimestamp == 1_700_000_000_000 && kept.header.partitionLeaderEpoch == 0)
        for name in try harness.names(".snapshot") { try disk.removeFile(harness.path(name)) }
        try harness.reopen(cleanly: false, recoveryPoint: 0)
        let known = try #require(harness.log.activeProducers.first { $0.id == 1 })
        #expect(known.lastSequence == 2 && known.lastTimestamp == 1_700_000_000_000)
        try send(1, 3, [Keyed("c", "1")], isTransactional: false)
        let gap = try harness.append([Keyed("c", "1")], KeyedOptions(producer: (1, 0, 7)))
        #expect(gap.error == .outOfOrderSequence)
        // Once it has gone on, the header goes.
        try pass()
        #expect(try harness.batches().filter { $0.header.producerId == 1 }.map(\.header.baseSequence) == [3])
    }

    @Test func aFencedEpochStaysFenced() throws {
        try harness.end(.abort, 5, epoch: 3)
        try harness.append([Keyed("a", "1")])
        for _ in 0..<3 { try pass(after: 2000) }
        for name in try harness.names(".snapshot") { try disk.removeFile(harness.path(name)) }
        #expect(try markers().map(\.header.producerEpoch) == [3])
        #expect(harness.log.activeProducers.first { $0.id == 5 }?.epoch == 3)
    }

    @Test func aSegmentKeepsItsEnd() throws {
        for round in 0..<4 {
            _ = round
            try harness.append([Keyed("a", String(repeating: "x", count: 3500))])
        }
        try harness.roll()
        let starts = try harness.names(".log")
        try harness.compact()
        // One batch without records in each; together they may become one segment later.
        #expect(try harness.names(".log") == starts)
        let empty = try harness.batches().filter { $0.header.recordCount == 0 }
        #expect(empty.map(\.header.baseOffset) == [0, 1, 2])
        try harness.reopen(cleanly: false, recoveryPoint: 0)
        #expect(try harness.batches().count >= 4)
        try pass()
        #expect(try harness.batches().filter { $0.header.recordCount == 0 }.count < 3)
    }

    @Test func headersWithoutRecordsHaveNoTime() throws {
        try harness.append([Keyed("a", String(repeating: "x", count: 3500))], KeyedOptions(timestamp: 9000))
        try harness.append([Keyed("a", String(repeating: "x", count: 3500))], KeyedOptions(timestamp: 5000))
        try harness.append([Keyed("b", String(repeating: "x", count: 3500))], KeyedOptions(timestamp: 4000))
        try harness.compact()
        for isReopened in [false, true] {
            if isReopened { try harness.reopen(cleanly: false, recoveryPoint: 0) }
            #expect(harness.settle(harness.log.offset(forTimestamp: 4500))?.offset == 1)
            #expect(harness.settle(harness.log.offset(forTimestamp: 8000)) == nil)
            #expect(harness.settle(harness.log.maxTimestampOffset())?.offset == 1)
        }
    }
}
