import Bytes
import Files
import LogStorage
import Records
import Simulator
import Testing

struct CompactionTests {
    let disk = SimulatedFileSystem(seed: 3)
    let harness: LogHarness

    init() throws { harness = try LogHarness(disk, "/t-0", configuration: .compacted) }

    private func configure(_ change: (inout LogConfiguration) -> Void) {
        change(&harness.configuration)
        harness.log.configure(harness.configuration)
    }

    @Test(arguments: Compression.allCases) func theNewestValueOfEachKeyStays(compression: Compression) throws {
        let options = KeyedOptions(compression: compression)
        for round in 0..<40 {
            try harness.append((0..<5).map { Keyed("k\($0 * (round % 3 + 1))", "v\(round)-\($0)") }, options)
        }
        let before = try harness.records()
        let table = try harness.table()
        try harness.roll()
        let end = harness.log.logEndOffset
        let result = try #require(try harness.compact())
        #expect(result.bytesAfter < result.bytesBefore / 2 && !result.isPartial)
        let after = try harness.records()
        // Offsets, timestamps and order are what they were.
        var newest: [String: Stored] = [:]
        for record in before { newest[record.key ?? ""] = record }
        #expect(after == newest.values.sorted { $0.offset < $1.offset })
        #expect(try harness.table() == table)
        #expect(harness.log.logEndOffset == end && harness.log.logStartOffset == 0)
        #expect(harness.log.cleanedOffset == result.cleanedOffset)
        for batch in try harness.batches() where !batch.records.isEmpty && batch.records[0].key != "filler" {
            #expect(batch.header.attributes.compression == compression)
            #expect(batch.header.lastOffsetDelta == 4)
            #expect(batch.header.maxTimestamp == batch.records.map(\.timestamp).max())
        }
        for isClean in [true, false] {
            try harness.reopen(cleanly: isClean, recoveryPoint: isClean ? nil : 0)
            #expect(harness.events.allSatisfy { $0.level == .info }, "\(harness.events)")
            #expect(try harness.records() == after)
            #expect(harness.log.logEndOffset == end && harness.log.logStartOffset == 0)
        }
    }

    @Test func aReaderFindsEveryOffsetOfTheGaps() throws {
        for round in 0..<30 { try harness.append([Keyed("k\(round % 4)", "v\(round)"), Keyed("j", "\(round)")]) }
        try harness.roll()
        try harness.compact()
        let batches = try harness.batches()
        for offset in 0..<harness.log.logEndOffset {
            let expected = try #require(batches.first { $0.header.lastOffset >= offset })
            let found = try harness.batches(from: offset)
            #expect(found.first?.header == expected.header, "\(offset)")
        }
    }

    @Test func segmentsThatFitTogetherBecomeOne() throws {
        for round in 0..<200 { try harness.append([Keyed("k\(round % 10)", "v\(round)")]) }
        try harness.roll()
        let segments = harness.log.segmentCount
        #expect(segments > 4)
        try harness.compact()
        // The first pass has one segment for each that was full; the second puts them together.
        try harness.roll()
        try harness.compact()
        #expect(harness.log.segmentCount < segments)
        #expect(try harness.names(".log").count == harness.log.segmentCount)
        #expect(try harness.names().filter { $0.contains(".cleaned") || $0.contains(".swap") } == [])
        #expect(try harness.table().count == 10)
    }

    @Test func tombstonesGoWhenTheirTimeIsOver() throws {
        configure { $0.deleteRetentionMs = 1000 }
        try harness.append([Keyed("a", "1"), Keyed("b", "1")])
        try harness.append([Keyed("a", nil)])
        try harness.roll()
        harness.now += 10
        try harness.compact()
        let kept = try harness.batches().first { $0.records.first?.key == "a" }
        #expect(kept?.records == [Stored(offset: 2, key: "a", value: nil, timestamp: 1_700_000_000_000)])
        #expect(kept?.header.deleteHorizon == harness.now + 1000)
        let horizon = harness.now + 1000
        // Another pass does not move the horizon, nor the time of the record.
        harness.now += 999
        try harness.roll()
        try harness.compact()
        #expect(try harness.batches().first { $0.records.first?.key == "a" }?.header.deleteHorizon == horizon)
        #expect(try harness.records().first { $0.key == "a" }?.timestamp == 1_700_000_000_000)
        harness.now += 1
        try harness.roll()
        try harness.compact()
        #expect(try harness.records().map(\.description) == ["1:b=1"])
        #expect(try harness.table() == ["b": "1"])
    }

    @Test(arguments: Compression.allCases) func aHorizonKeepsTheTimesOfItsBatch(compression: Compression) throws {
        let options = KeyedOptions(timestamp: 5000, compression: compression)
        try harness.append([Keyed("a", "1"), Keyed("b", nil), Keyed("c", "3")], options)
        try harness.roll()
        let before = try harness.records()
        try harness.compact()
        #expect(try harness.records() == before)
        #expect(try harness.batches().first?.header.attributes.hasDeleteHorizon == true)
        #expect(harness.settle(harness.log.offset(forTimestamp: 5001))?.offset == 1)
    }

    @Test func whatHasNoKeyGoes() throws {
        configure { $0.cleanupPolicy = .delete }
        try harness.append([Keyed(nil, "x"), Keyed("a", "1")])
        try harness.append([Keyed(nil, "y")])
        configure { $0.cleanupPolicy = .compact }
        try harness.roll()
        try harness.compact()
        #expect(try harness.records().map(\.description) == ["1:a=1"])
    }

    @Test func aFullTableTakesSeveralPasses() throws {
        for round in 0..<6 {
            for key in 0..<30 { try harness.append([Keyed("k\(key)", "v\(round)")]) }
        }
        let table = try harness.table()
        try harness.roll()
        var passes = 0
        while harness.need.isDue {
            let result = try #require(try harness.compact { $0.mapBytes = 24 * 16 })
            #expect(result.keys <= 16)
            #expect(try harness.table() == table)
            passes += 1
            if !result.isPartial { break }
        }
        #expect(passes > 2)
        #expect(harness.log.cleanedOffset >= 180)
    }

    @Test func anUnchangedSegmentStaysWhereItIs() throws {
        try harness.append([Keyed("a", String(repeating: "x", count: 3000))])
        try harness.append([Keyed("b", String(repeating: "x", count: 3000))])
        try harness.append([Keyed("c", String(repeating: "x", count: 3000))])
        let first = try harness.content(firstLog)
        var installs = 0
        let host = DirectHost(harness.log)
        host.onInstall = { installs += 1 }
        try harness.compact(host: host)
        #expect(installs == 0)
        #expect(try harness.content(firstLog) == first)
        #expect(harness.log.cleanedOffset == 2)
        #expect(try harness.names(".cleaned") == [])
    }
}

// MARK: - What may be compacted, and when

extension CompactionTests {
    @Test func theActiveSegmentIsLeftAlone() throws {
        for _ in 0..<5 { try harness.append([Keyed("a", "1")]) }
        #expect(harness.need.dirtyBytes == 0 && !harness.need.isDue)
        #expect(try harness.compact() == nil)
        #expect(try harness.records().count == 5)
    }

    @Test func nothingIsCompactedPastAnOpenTransaction() throws {
        try harness.append([Keyed("a", "1")])
        try harness.roll()
        let bound = harness.need.upTo
        try harness.append(
            [Keyed("a", "2")], KeyedOptions(producer: (1, 0, 0), isTransactional: true))
        try harness.roll()
        try harness.roll()
        #expect(harness.need.upTo == bound)
        try harness.compact()
        #expect(try harness.records().map(\.value) == ["1", "2"])
        try harness.end(.commit, 1)
        harness.log.highWatermarkAdvanced(to: harness.log.logEndOffset)
        #expect(harness.need.upTo > bound)
        try harness.compact()
        #expect(try harness.records().map(\.value) == ["2"])
    }

    @Test func nothingIsCompactedPastTheHighWatermark() throws {
        for _ in 0..<3 { try harness.roll() }
        let all = harness.need
        #expect(harness.need(lastStableOffset: all.upTo - 1).upTo < all.upTo)
        #expect(harness.need(lastStableOffset: 0).dirtyBytes == 0)
    }

    @Test func youngRecordsWait() throws {
        configure { $0.minCompactionLagMs = 1000 }
        for second in 0..<6 {
            try harness.append([Keyed("a", "1")], KeyedOptions(timestamp: Int64(second) * 1000))
            try harness.append(
                [Keyed("b", String(repeating: "x", count: 3600))], KeyedOptions(timestamp: Int64(second) * 1000))
        }
        harness.now = 3500
        let need = harness.need
        #expect(need.upTo > 0 && need.upTo <= 6)
        harness.now = 10_000
        #expect(harness.need.upTo > need.upTo)
    }

    @Test func theRatioDecidesUnlessARecordIsOverdue() throws {
        configure { $0.minCleanableDirtyRatio = 0.5 }
        for _ in 0..<4 { try harness.append([Keyed("big", String(repeating: "x", count: 3500))]) }
        for index in 0..<4 { try harness.append([Keyed("k\(index)", String(repeating: "x", count: 3500))]) }
        #expect(harness.need.isDue && harness.need.dirtyRatio == 1)
        try harness.compact()
        #expect(!harness.need.isDue)
        try harness.append([Keyed("late", String(repeating: "x", count: 3500))], KeyedOptions(timestamp: 50_000))
        try harness.roll()
        harness.now = 60_000
        let need = harness.need
        #expect(need.dirtyBytes > 0 && need.cleanBytes > need.dirtyBytes && !need.isDue)
        configure { $0.maxCompactionLagMs = 5000 }
        try harness.reopen()
        #expect(harness.need.isOverdue && harness.need.isDue)
    }

    @Test func aSegmentIsRolledBeforeItsRecordsAreOverdue() throws {
        configure { $0.maxCompactionLagMs = 1000 }
        try harness.append([Keyed("a", "1")], KeyedOptions(timestamp: 1000))
        try harness.append([Keyed("a", "2")], KeyedOptions(timestamp: 1900))
        #expect(harness.log.segmentCount == 1)
        try harness.append([Keyed("a", "3")], KeyedOptions(timestamp: 2100))
        #expect(harness.log.segmentCount == 2)
        configure { $0.cleanupPolicy = .delete }
        try harness.append([Keyed("a", "4")], KeyedOptions(timestamp: 9900))
        #expect(harness.log.segmentCount == 2)
    }

    @Test func retentionWaitsForCompactionAndThenDeletes() throws {
        configure {
            $0.cleanupPolicy = [.compact, .delete]
            $0.retentionMs = 1000
        }
        for index in 0..<100 { try harness.append([Keyed("k\(index)", "1")], KeyedOptions(timestamp: 10)) }
        let host = DirectHost(harness.log)
        var asked = 0
        host.onInstall = { [harness] in
            asked += 1
            #expect(harness.log.enforceRetention(now: .max, highWatermark: harness.log.logEndOffset) == nil)
        }
        try harness.append([Keyed("k0", "2"), Keyed("k1", "2")], KeyedOptions(timestamp: 10))
        try harness.roll()
        try harness.compact(host: host)
        #expect(asked > 0)
        let deletion = try #require(
            harness.log.enforceRetention(now: 10_000, highWatermark: harness.log.logEndOffset))
        #expect(deletion.segments.allSatisfy { $0.reason == .time })
        #expect(harness.log.logStartOffset > 0)
    }

    @Test func aCheckpointThatDoesNotFitCountsForNothing() throws {
        try harness.append([Keyed("a", "1")])
        try harness.roll()
        let recovered = { [harness] (cleaned: Int64) throws -> CompactionNeed in
            var recovered = try LogRecovery.recover(
                directory: harness.directory, fileSystem: harness.fileSystem, configuration: harness.configuration,
                wasCleanShutdown: false, recoveryPoint: nil, logStartOffset: nil, now: 0)
            recovered.cleanedOffset = cleaned
            harness.log = Log(recovered)
            return harness.need
        }
        #expect(try recovered(1 << 40).firstDirtyOffset == 0)
        #expect(try recovered(1).firstDirtyOffset == 1)
    }
}
