import Files
import LogStorage
import Simulator
import Testing

struct RetentionTests {
    let directory: TemporaryDirectory
    let harness: LogHarness

    init() throws {
        directory = try TemporaryDirectory()
        harness = try LogHarness(RealFileSystem(), directory.path + "/t-0", configuration: .small)
    }

    private func fill(_ count: Int) throws {
        for index in 0..<count { try harness.append(Batch(timestamp: Int64(index * 10), valueSize: 100)) }
    }

    private func configure(_ change: (inout LogConfiguration) -> Void) {
        change(&harness.configuration)
        harness.log.configure(harness.configuration)
    }

    private func names(_ suffix: String) throws -> [String] {
        try harness.fileSystem.list(harness.directory).filter { $0.hasSuffix(suffix) }
    }

    @Test func bySizeTheOldestSegmentsGo() throws {
        try fill(100)
        let size = harness.log.size
        let segments = harness.log.segmentCount
        configure {
            $0.retentionMs = -1; $0.retentionBytes = size - 1
        }
        #expect(harness.log.enforceRetention(now: 0, highWatermark: 100) == nil)
        configure { $0.retentionBytes = 8000 }
        let deletion = try #require(harness.log.enforceRetention(now: 0, highWatermark: 100))
        #expect(deletion.segments.allSatisfy { $0.reason == .size })
        #expect(harness.log.segmentCount == segments - deletion.segments.count)
        #expect(harness.log.size >= 8000 && harness.log.size - 4096 < 8000)
        #expect(harness.log.logStartOffset == deletion.segments.last?.nextOffset)
        #expect(harness.log.enforceRetention(now: 0, highWatermark: 100) == nil)
        guard case .offsetOutOfRange = harness.read(from: 0) else { Issue.record("read what is gone"); return }
        #expect(try harness.offsets(from: harness.log.logStartOffset).first?.lowerBound == harness.log.logStartOffset)
    }

    @Test func byTimeWholeSegmentsBelowTheHighWatermarkGo() throws {
        try fill(100)
        let segments = harness.log.segmentCount
        configure { $0.retentionMs = 500 }
        #expect(harness.log.enforceRetention(now: 700, highWatermark: 5) == nil)
        let deletion = try #require(harness.log.enforceRetention(now: 1000, highWatermark: 100))
        #expect(deletion.segments.allSatisfy { $0.reason == .time })
        let start = harness.log.logStartOffset
        // Records of before 500 are too old; the segment that holds 500 stays.
        #expect(start <= 50 && start > 10)
        #expect(harness.log.segmentCount == segments - deletion.segments.count)
    }

    /// What has to be written before the segments go, the producers' snapshot, gets the room of their indexes.
    @Test func allSegmentsGoWhereThereIsNoRoomLeft() throws {
        let disk = SimulatedFileSystem()
        let harness = try LogHarness(disk, "/t-0", configuration: .small)
        for index in 0..<100 {
            try harness.append(Batch(timestamp: Int64(index * 10), valueSize: 100, producer: (1, 0, Int32(index))))
        }
        harness.log.deleteRecords(before: 100)
        let deletion = try #require(harness.log.enforceRetention(now: 0, highWatermark: 100))
        disk.capacity = disk.usedBytes
        try deletion.rename()
        try deletion.remove()
        #expect(try disk.list("/t-0").contains("00000000000000000100.snapshot"))
        #expect(try disk.list("/t-0").filter { $0.hasSuffix(".log") } == ["00000000000000000100.log"])
    }

    @Test func filesAreRenamedFirstAndRemovedLater() throws {
        try fill(100)
        guard case .bytes(let read) = harness.read(from: 0) else { Issue.record("nothing to read"); return }
        configure {
            $0.retentionMs = -1; $0.retentionBytes = 8000
        }
        let deletion = try #require(harness.log.enforceRetention(now: 0, highWatermark: 100))
        #expect(deletion.delayMs == 60_000)
        try deletion.rename()
        #expect(try names(".log").count == harness.log.segmentCount)
        #expect(try names(".log.deleted").count == deletion.segments.count)
        try deletion.remove()
        #expect(try names(".deleted") == [])
        #expect(try names(".snapshot").count == harness.log.segmentCount)
        // Who reads them still can.
        var bytes = [UInt8](repeating: 0, count: read.count)
        #expect(
            try bytes.withUnsafeMutableBytes { try read.segment.file.read(into: $0, at: read.position) } == read.count)
        let offsets = try harness.offsets(from: harness.log.logStartOffset)
        try harness.reopen()
        #expect(try harness.offsets(from: harness.log.logStartOffset) == offsets)
        #expect(harness.log.logStartOffset == offsets[0].lowerBound)
    }

    @Test func aLogOfWhichAllIsOldKeepsItsEnd() throws {
        try fill(100)
        configure { $0.retentionMs = 500 }
        let deletion = try #require(harness.log.enforceRetention(now: 1_000_000, highWatermark: 100))
        #expect(harness.log.logStartOffset == 100 && harness.log.logEndOffset == 100)
        #expect(harness.log.size == 0)
        try deletion.rename()
        try deletion.remove()
        #expect(try names(".log") == ["00000000000000000100.log"])
        try harness.reopen(cleanly: false)
        #expect(harness.log.logStartOffset == 100 && harness.log.logEndOffset == 100)
        #expect(try harness.append(Batch(timestamp: 2_000_000)).baseOffset == 100)
        #expect(harness.log.enforceRetention(now: 2_000_000, highWatermark: 101) == nil)
    }

    /// A retry of what was acknowledged is recognised after `kill -9`, though neither its records nor a sync came after.
    @Test(arguments: [true, false], [nil, 0, 40] as [Int64?])
    func producersOutliveTheirRecords(byTime: Bool, recoveryPoint: Int64?) throws {
        var last = Batch(producer: (7, 0, 0))
        for sequence in 0..<Int32(100) {
            last = Batch(timestamp: 10, valueSize: 100, producer: (7, 0, sequence))
            try harness.append(last, leaderEpoch: sequence / 30)
        }
        configure { $0.retentionMs = byTime ? 500 : -1 }
        if !byTime { harness.log.deleteRecords(before: 100) }
        let deletion = try #require(harness.log.enforceRetention(now: 1_000_000, highWatermark: 100))
        #expect(harness.log.size == 0)
        try deletion.rename()
        try harness.reopen(cleanly: false, recoveryPoint: recoveryPoint)
        #expect(harness.log.logStartOffset == 100 && harness.log.logEndOffset == 100)
        #expect(try harness.append(last).baseOffset == 99)
        #expect(harness.log.logEndOffset == 100)
        #expect(harness.log.latestLeaderEpoch == 3)
        #expect(try harness.append(Batch(producer: (7, 0, 100)), leaderEpoch: 3).baseOffset == 100)
    }

    @Test func deletedRecordsTakeTheirSegmentsAlong() throws {
        try fill(100)
        configure { $0.cleanupPolicy = [] }
        #expect(!harness.log.deleteRecords(before: 0))
        #expect(!harness.log.deleteRecords(before: 101))
        #expect(harness.log.deleteRecords(before: 55))
        #expect(harness.log.logStartOffset == 55)
        let deletion = try #require(harness.log.enforceRetention(now: .max, highWatermark: 100))
        #expect(deletion.segments.allSatisfy { $0.reason == .startOffset && $0.nextOffset <= 55 })
        #expect(harness.log.logStartOffset == 55)
        #expect(harness.log.firstSegmentOffset <= 55 && harness.log.firstSegmentOffset > 0)
        try deletion.rename()
        try harness.reopen(logStartOffset: 55)
        #expect(harness.log.logStartOffset == 55)
        #expect(try harness.offsets(from: 55).first == 55...55)
    }

    @Test func aCompactedTopicIsNotDeletedByAge() throws {
        try fill(100)
        configure {
            $0.cleanupPolicy = .compact; $0.retentionBytes = 0; $0.retentionMs = 0
        }
        #expect(harness.log.enforceRetention(now: .max, highWatermark: 100) == nil)
        configure { $0.cleanupPolicy = [.compact, .delete] }
        #expect(harness.log.enforceRetention(now: .max, highWatermark: 100) != nil)
    }

    @Test func leaderEpochsGoWithTheirRecords() throws {
        for epoch in 0..<4 {
            for _ in 0..<25 {
                try harness.append(Batch(timestamp: 10, valueSize: 100), leaderEpoch: Int32(epoch))
            }
        }
        harness.log.deleteRecords(before: 60)
        #expect(harness.log.offset(forLeaderEpoch: 1)?.endOffset == 60)
        #expect(harness.log.leaderEpoch(at: 59) == nil)
        #expect(harness.log.leaderEpoch(at: 60) == 2)
        #expect(harness.log.offset(forLeaderEpoch: 2)?.endOffset == 75)
    }

    @Test func aJobThatReadsWhatIsDeletedMeanwhileIsAnsweredAnew() throws {
        let simulated = SimulatedFileSystem(seed: 1)
        let harness = try LogHarness(simulated, "/t-0", configuration: self.harness.configuration)
        for index in 0..<100 { try harness.append(Batch(timestamp: Int64(index * 10), valueSize: 100)) }
        harness.log.closeIdleFiles()
        simulated.withFaults { $0.coldReads = 1 }
        guard case .needsDisk(let job) = harness.log.read(from: 2, maximumBytes: 300, upTo: 100) else {
            Issue.record("no cold read")
            return
        }
        harness.configuration.retentionMs = 100
        harness.log.configure(harness.configuration)
        let deletion = try #require(harness.log.enforceRetention(now: 100_000, highWatermark: 100))
        try deletion.rename()
        try deletion.remove()
        guard case .answer(.offsetOutOfRange) = harness.log.finish(job.run()) else {
            Issue.record("a deleted segment answered")
            return
        }
    }
}
