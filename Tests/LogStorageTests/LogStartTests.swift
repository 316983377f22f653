import Files
import LogStorage
import Simulator
import Testing

/// Where a log starts when what the checkpoints say cannot be true, or they say nothing.
struct LogStartTests {
    let directory: TemporaryDirectory
    let harness: LogHarness

    init() throws {
        directory = try TemporaryDirectory()
        harness = try LogHarness(RealFileSystem(), directory.path + "/t-0", configuration: .small)
        for _ in 0..<60 { try harness.append(Batch(valueSize: 200)) }
        #expect(harness.log.segmentCount > 2)
    }

    private var names: [String] { get throws { try harness.fileSystem.list(harness.directory) } }

    @Test(arguments: [true, false]) func aStartThatTheLogNeverReachedIsNotBelieved(cleanly: Bool) throws {
        let before = try names.filter { $0.hasSuffix(".log") }
        for wrong in [61, 5000, (1 << 62) - 1] as [Int64] {
            try harness.reopen(cleanly: cleanly, recoveryPoint: 60, logStartOffset: wrong)
            #expect(harness.events.contains(.startNotBelieved(checkpointed: wrong, end: 60, start: 0)))
            #expect(harness.log.logStartOffset == 0 && harness.log.logEndOffset == 60)
            #expect(try harness.offsets().count == 60)
        }
        #expect(try names.filter { $0.hasSuffix(".log") } == before)
        #expect(try harness.append(Batch()).baseOffset == 60)
    }

    @Test func anEmptyLogDoesNotBeginWhereItNeverWas() throws {
        let empty = try LogHarness(RealFileSystem(), directory.path + "/u-0")
        try empty.reopen(cleanly: false, logStartOffset: 5000)
        #expect(empty.events.contains(.startNotBelieved(checkpointed: 5000, end: 0, start: 0)))
        #expect(try empty.append(Batch()).baseOffset == 0)
    }

    /// The recovery point shows that the log once got there: what is left of it is older than its start.
    @Test(arguments: [true, false]) func aLogThatLostItsEndBeginsAnewAndKeepsWhatItHas(cleanly: Bool) throws {
        let segments = try names.filter { $0.hasSuffix(".log") }
        try harness.reopen(cleanly: cleanly, recoveryPoint: 80, logStartOffset: 70)
        #expect(harness.events.contains(.endsBeforeStart(end: 60, start: 70)))
        #expect(harness.log.logStartOffset == 70 && harness.log.logEndOffset == 70)
        #expect(try names.filter { $0.hasSuffix(".cut") } == segments.map { "\($0.dropLast(4)).cut" })
        #expect(try harness.append(Batch()).baseOffset == 70)
    }

    @Test(arguments: [true, false]) func theLeaderEpochsTellTheStartWhereNoCheckpointDoes(cleanly: Bool) throws {
        harness.log.deleteRecords(before: 25)
        try harness.log.syncDue(now: harness.now)
        try harness.reopen(cleanly: cleanly, recoveryPoint: 60, isStartKnown: false)
        #expect(harness.events.contains(.startTakenFromEpochs(start: 25)))
        #expect(harness.log.logStartOffset == 25 && harness.log.logEndOffset == 60)
        try harness.reopen(cleanly: cleanly, recoveryPoint: 60, logStartOffset: 5000)
        #expect(harness.events.contains(.startNotBelieved(checkpointed: 5000, end: 60, start: 25)))
        #expect(harness.log.logStartOffset == 25)
    }

    @Test func aStartInTheActiveSegmentTakesTheSegmentsBeforeItAlong() throws {
        try harness.reopen(cleanly: false, recoveryPoint: 0, logStartOffset: 60)
        #expect(harness.log.logStartOffset == 60 && harness.log.logEndOffset == 60)
        #expect(harness.log.segmentCount == 1)
        #expect(try names.filter { $0.hasSuffix(".log") }.count == 1)
    }
}
