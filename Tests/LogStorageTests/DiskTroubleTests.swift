import Bytes
import Files
import LogStorage
import Records
import Simulator
import Testing

struct DiskTroubleTests {
    let disk = SimulatedFileSystem(seed: 7)
    let harness: LogHarness

    init() throws { harness = try LogHarness(disk, "/t-0", configuration: .small) }

    @Test func aFullDiskTakesBackOnlyWhatWasStaged() throws {
        for sequence in 0..<3 { try harness.append(Batch(count: 2, producer: (1, 0, Int32(sequence * 2)))) }
        let content = try harness.content(firstLog)
        disk.withFaults { $0.script(.write, on: ".log", .full) }
        var batches = [
            Batch(count: 2, producer: (1, 0, 6)).bytes, Batch(producer: (9, 0, 0), isTransactional: true).bytes,
        ]
        for index in batches.indices {
            let outcome = batches[index].withUnsafeMutableBytes {
                harness.log.append($0, leaderEpoch: 5, now: harness.now)
            }
            #expect(outcome.baseOffset == Int64(6 + index * 2))
        }
        let failure = try #require(harness.log.writeStaged(now: harness.now))
        #expect(failure.revertedTo == 6 && !failure.isFenced && failure.error.isOutOfSpace)
        #expect(harness.log.logEndOffset == 6 && harness.log.writtenOffset == 6)
        #expect(harness.log.latestLeaderEpoch == 0)
        #expect(harness.log.activeProducers.map(\.lastSequence) == [5])
        #expect(harness.log.lastStableOffset(highWatermark: 6) == 6)
        #expect(try harness.content(firstLog) == content)
        #expect(try harness.offsets() == [0...1, 2...3, 4...5])
        // Room is back: the same batch is no duplicate.
        #expect(try harness.append(Batch(count: 2, producer: (1, 0, 6))).baseOffset == 6)
        #expect(try harness.offsets().count == 4)
        withExtendedLifetime(batches) {}
    }

    @Test func aPartThatWasWrittenIsCutOff() throws {
        try harness.append(Batch())
        let content = try harness.content(firstLog)
        disk.withFaults {
            $0.script(.write, on: ".log", .short(50))
            $0.script(.write, on: ".log", .full)
        }
        #expect(throws: FileError.self) { try harness.append(Batch()) }
        #expect(try harness.content(firstLog) == content)
        #expect(try harness.append(Batch()).baseOffset == 1)
    }

    @Test func shortWritesAreContinued() throws {
        disk.withFaults { $0.shortWrites = 0.7 }
        for index in 0..<50 { try harness.append(Batch(count: 3, valueSize: index * 9)) }
        #expect(try harness.offsets().count == 50)
    }

    @Test func aFullDiskAtARollKeepsTheOldSegmentOpen() throws {
        var count = 0
        while harness.log.segmentCount == 1, harness.log.size < 3900 {
            try harness.append(Batch(valueSize: 10))
            count += 1
        }
        let end = harness.log.logEndOffset
        disk.withFaults { $0.script(.write, on: ".log", .full) }
        #expect(throws: FileError.self) { try harness.append(Batch(valueSize: 1000)) }
        #expect(harness.log.segmentCount == 1 && harness.log.logEndOffset == end)
        #expect(try disk.list("/t-0").filter { $0.hasSuffix(".log") } == [firstLog])
        #expect(try harness.append(Batch(valueSize: 10)).baseOffset == end)
        #expect(try harness.append(Batch(valueSize: 1000)).baseOffset == end + 1)
        #expect(harness.log.segmentCount == 2)
        try harness.reopen()
        #expect(try harness.offsets().count == count + 2)
    }

    /// The roll has made its first file when the second one cannot be made; what follows fits the old segment.
    @Test(arguments: [".index", ".timeindex"], [false, true])
    func aRollThatEndsBetweenItsFilesLeavesNone(_ file: String, _ isClean: Bool) throws {
        while harness.log.size < 3500 { try harness.append(Batch(valueSize: 10)) }
        let end = harness.log.logEndOffset
        disk.withFaults { $0.script(.open, on: file, .error(24)) }
        #expect(throws: FileError.self) { try harness.append(Batch(valueSize: 1000)) }
        #expect(harness.log.failure == nil && harness.log.segmentCount == 1)
        #expect(try harness.append(Batch(count: 3)).baseOffset == end)
        let kept = try harness.offsets()
        #expect(try disk.list("/t-0").filter { $0.hasSuffix(".log") } == [firstLog])
        try harness.reopen(cleanly: isClean, recoveryPoint: harness.log.recoveryPoint)
        #expect(try harness.offsets() == kept && harness.log.logEndOffset == end + 3)
    }

    /// The file of a roll that was taken back may be there all the same, as an earlier version left it.
    @Test(arguments: [false, true]) func anEmptySegmentInWhichTheLogNeverWentOnTakesNothingAway(_ isClean: Bool) throws
    {
        for _ in 0..<10 { try harness.append(Batch(count: 2)) }
        let kept = try harness.offsets()
        _ = try harness.log.close()?.perform()
        for base in ["00000000000000000014", "00000000000000000016"] { try harness.replace("\(base).log", with: []) }
        try harness.reopen(cleanly: isClean, closing: false, recoveryPoint: 20)
        #expect(try harness.offsets() == kept && harness.log.logEndOffset == 20)
        #expect(try disk.list("/t-0").filter { $0.hasSuffix(".log") } == [firstLog])
    }

    @Test func severalSegmentsInOneTickAreTakenBackTogether() throws {
        try harness.append(Batch(valueSize: 2500))
        disk.withFaults { $0.script(.write, on: "00000000000000000001.log", .full) }
        var batches = (0..<4).map { _ in Batch(valueSize: 2500).bytes }
        for index in batches.indices {
            _ = batches[index].withUnsafeMutableBytes { harness.log.append($0, leaderEpoch: 0, now: harness.now) }
        }
        #expect(harness.log.segmentCount == 5)
        let failure = try #require(harness.log.writeStaged(now: harness.now))
        #expect(failure.revertedTo == 1)
        #expect(harness.log.segmentCount == 1)
        for _ in 0..<4 { try harness.append(Batch(valueSize: 2500)) }
        #expect(try harness.offsets().count == 5)
        withExtendedLifetime(batches) {}
    }

    @Test func whatWasWrittenOfSeveralSegmentsStays() throws {
        try harness.append(Batch(valueSize: 2500))
        disk.withFaults { $0.script(.write, on: "00000000000000000003.log", .full) }
        var batches = (0..<4).map { _ in Batch(valueSize: 2500).bytes }
        for index in batches.indices {
            _ = batches[index].withUnsafeMutableBytes { harness.log.append($0, leaderEpoch: 0, now: harness.now) }
        }
        #expect(harness.log.writeStaged(now: harness.now)?.revertedTo == 3)
        #expect(harness.log.writtenOffset == 3)
        try harness.log.syncDue(now: harness.now)
        #expect(harness.log.syncedOffset == 3)
        #expect(try harness.offsets() == [0...0, 1...1, 2...2])
        withExtendedLifetime(batches) {}
    }

    @Test func aFailedWriteFencesTheLogAndReadsGoOn() throws {
        try harness.append(Batch())
        disk.withFaults { $0.script(.write, on: ".log", .broken) }
        #expect(throws: FileError.self) { try harness.append(Batch()) }
        #expect(harness.log.failure != nil)
        #expect(try harness.append(Batch()).error == .storage)
        #expect(AppendError.storage.code == 56)
        #expect(try harness.offsets() == [0...0])
        #expect(harness.log.takeSync(now: .max) == nil)
        #expect(harness.log.close() == nil)
        try harness.reopen(cleanly: false, recoveryPoint: 1)
        #expect(try harness.append(Batch()).baseOffset == 1)
    }

    @Test func aFailedSyncFencesTheLog() throws {
        try harness.append(Batch())
        disk.withFaults { $0.script(.sync, on: ".log", .broken) }
        #expect(throws: FileError.self) { try harness.append(Batch()) }
        #expect(harness.log.failure != nil)
        #expect(harness.log.syncedOffset == 1 && harness.log.writtenOffset == 2)
        #expect(harness.log.takeSync(now: .max) == nil)
        #expect(try harness.append(Batch()).error == .storage)
    }

    @Test func aFullDiskFailsNoSync() throws {
        disk.withFaults { $0.script(.write, on: "leader-epoch-checkpoint.tmp", .full) }
        try harness.append(Batch())
        #expect(harness.log.syncedOffset == 1 && harness.log.failure == nil)
        #expect(harness.log.recoveryPoint == 0, "the epoch would not be found again")
        #expect(try !disk.list("/t-0").contains { $0.hasPrefix("leader-epoch-checkpoint") })
        try harness.append(Batch())
        #expect(harness.log.recoveryPoint == 2)
        #expect(try disk.list("/t-0").contains("leader-epoch-checkpoint"))
    }

    @Test func aSealThatFoundNoRoomIsMadeUpFor() throws {
        while harness.log.size < 2000 { try harness.append(Batch(valueSize: 100)) }
        disk.withFaults { $0.script(.write, on: ".index", .full) }
        while harness.log.segmentCount == 1 { try harness.append(Batch(valueSize: 1000)) }
        let rolled = harness.log.logEndOffset - 1
        #expect(harness.log.syncedOffset == rolled + 1)
        #expect(harness.log.recoveryPoint <= rolled)
        let all = try harness.offsets()
        let end = harness.log.logEndOffset
        try harness.reopen(cleanly: false, closing: false, recoveryPoint: harness.log.recoveryPoint)
        #expect(try harness.offsets() == all && harness.log.logEndOffset == end)
        try harness.append(Batch())
        #expect(harness.log.recoveryPoint == end + 1)
    }

    @Test func aLackOfDescriptorsPasses() throws {
        disk.withFaults { $0.script(.open, on: ".log", .error(24)) }
        #expect(throws: FileError.self) { try harness.append(Batch()) }
        #expect(harness.log.failure == nil)
        #expect(try harness.append(Batch()).baseOffset == 0)
    }

    /// Records are deleted while a write is under way that then finds no room.
    @Test func aFailedWriteBringsNoDeletedEpochsBack() throws {
        for epoch in Int32(0)..<3 { try harness.append(Batch(), leaderEpoch: epoch) }
        var batch = Batch().bytes
        _ = batch.withUnsafeMutableBytes { harness.log.append($0, leaderEpoch: 3, now: harness.now) }
        _ = try #require(try harness.log.takeOwnedWrite())
        harness.log.deleteRecords(before: 2)
        harness.log.writeFailed(FileError("write", firstLog, code: 28))
        #expect(harness.log.leaderEpoch(at: 1) == nil && harness.log.latestLeaderEpoch == 2)
        try harness.log.syncDue(now: harness.now)
        let stored = String(decoding: try harness.content("leader-epoch-checkpoint"), as: UTF8.self)
        #expect(stored.hasPrefix("0\n1\n2 2"))
        withExtendedLifetime(batch) {}
    }

    /// A transaction ends while a write is under way that then finds no room.
    @Test func aFailedWriteUnsettlesNoTransaction() throws {
        try harness.append(Batch(producer: (1, 0, 0), isTransactional: true))
        let marker = EndTransactionMarker(.commit, coordinatorEpoch: 0)
            .batch(producerId: 1, producerEpoch: 0, timestamp: 5)
        try harness.append(marker.all.bytes, origin: .coordinator)
        var batch = Batch().bytes
        _ = batch.withUnsafeMutableBytes { harness.log.append($0, leaderEpoch: 0, now: harness.now) }
        _ = try #require(try harness.log.takeOwnedWrite())
        harness.log.highWatermarkAdvanced(to: 2)
        harness.log.writeFailed(FileError("write", firstLog, code: 28))
        #expect(harness.log.lastStableOffset(highWatermark: 2) == 2)
        withExtendedLifetime(batch) {}
    }

    /// A producer that is one too many lets others be forgotten, but not where its batch is taken back.
    @Test func aFailedWriteForgetsNoProducers() throws {
        let disk = SimulatedFileSystem(seed: 7)
        let harness = try LogHarness(disk, "/many-0")
        let (batch, most) = (Batch(producer: (0, 0, 0)).bytes, 49_152)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: batch.count * most, alignment: 1)
        defer { memory.deallocate() }
        for id in 0..<most {
            let place = UnsafeMutableRawBufferPointer(rebasing: memory[(id * batch.count)..<((id + 1) * batch.count)])
            place.copyBytes(from: batch)
            place.storeBytes(of: Int64(id).bigEndian, toByteOffset: 43, as: Int64.self)
            #expect(harness.log.append(place, leaderEpoch: 0, now: 0).baseOffset == Int64(id))
        }
        #expect(harness.log.writeStaged(now: 0) == nil)
        let before = harness.log.activeProducers
        #expect(before.count == most)
        disk.withFaults { $0.script(.write, on: ".log", .full) }
        #expect(throws: FileError.self) { try harness.append(Batch(producer: (100_000, 0, 0)).bytes, sync: false) }
        // Not compared by the macro, which would print both.
        let areAsBefore = harness.log.activeProducers == before
        #expect(areAsBefore)
        try harness.append(Batch(producer: (100_000, 0, 0)).bytes, sync: false)
        #expect(harness.log.producerCount < most)
    }

    @Test func coldReadsGoThroughJobs() throws {
        for index in 0..<100 { try harness.append(Batch(count: 2, timestamp: Int64(index * 10), valueSize: 100)) }
        let all = try harness.offsets()
        try harness.reopen()
        disk.withFaults { $0.coldReads = 1 }
        guard case .needsDisk = harness.log.read(from: 3, maximumBytes: 100, upTo: 200) else {
            Issue.record("a cold read was answered")
            return
        }
        #expect(try harness.offsets(maximumBytes: 500) == all)
        #expect(harness.settle(harness.log.offset(forTimestamp: 501))?.offset == 101)
        disk.withFaults { $0.coldReads = 0.3 }
        #expect(try harness.offsets(maximumBytes: 100) == all)
    }

    @Test func nothingCountsAsSyncedBeforeItsFilesAndNamesAre() throws {
        let recording = RecordingFileSystem(disk)
        let harness = try LogHarness(recording, "/u-0", configuration: .small)
        for _ in 0..<60 { try harness.append(Batch(valueSize: 150)) }
        #expect(harness.log.segmentCount > 2)
        #expect(harness.log.syncedOffset == 60)
        var generator = SeededGenerator(seed: 3)
        let after = disk.crash(using: &generator)
        let recovered = try LogRecovery.recover(
            directory: "/u-0", fileSystem: after, configuration: .small, wasCleanShutdown: false, recoveryPoint: nil,
            logStartOffset: nil, now: 0)
        #expect(recovered.logEndOffset == 60)
    }

    /// A snapshot of the producers becomes due with every so many bytes, and is taken by a sync, which may be far away.
    @Test func aSnapshotThatNoSyncTakesDoesNotWriteTheIndexesEachTime() throws {
        let recording = RecordingFileSystem(disk)
        var configuration = LogConfiguration()
        configuration.flushMessages = .max
        let harness = try LogHarness(recording, "/u-0", configuration: configuration)
        for _ in 0..<70 { try harness.append(Batch(valueSize: 1_000_000)) }
        recording.mark("due")
        for _ in 0..<20 { try harness.append(Batch(valueSize: 5_000)) }
        let events = recording.events
        let due = try #require(events.firstIndex { $0.kind == .mark("due") })
        let indexWrites = events[due...].filter { event in
            if case .wrote = event.kind { event.path.hasSuffix("index") } else { false }
        }
        #expect(indexWrites.isEmpty)
    }
}
